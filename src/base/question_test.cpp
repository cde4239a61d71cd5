#include "base/question.hpp"

#include <algorithm>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace sluice {
namespace {

using TextQuestion = Question<const std::string&>;

/// A question that keeps what it hears.
class Asked final : public TextQuestion {
  public:
    std::vector<std::string> heard;
    std::function<void()> then;

  private:
    void answered(const std::string& answer) override {
        EXPECT_FALSE(pending());
        heard.push_back(answer);
        // The test may destroy this.
        if (const auto run = std::exchange(then, nullptr)) run();
    }
};

/// An answerer of many, which answers when the test says so, the first first.
class Desk final : public Answerer<const std::string&> {
  public:
    ~Desk() {
        for (TextQuestion* const question : waiting)
            drop(*question);
    }
    void ask(TextQuestion& question) {
        waiting.push_back(&question);
        take(question);
    }
    void answer_first(const std::string& text) {
        TextQuestion& first = *waiting.front();
        waiting.erase(waiting.begin());
        answer(first, text);
    }
    /// Has another desk answer the first.
    void pass_first_on(Desk& other) {
        other.ask(*waiting.front());
        waiting.erase(waiting.begin());
    }

    std::vector<TextQuestion*> waiting;

  private:
    void withdrawn(TextQuestion& question) override { std::erase(waiting, &question); }
};

class Clerk final : public SingleAnswerer<Asked> {
  public:
    explicit Clerk(std::function<void()> when_withdrawn = nullptr) : withdrawn_(std::move(when_withdrawn)) {}

    using SingleAnswerer::answer;
    using SingleAnswerer::question;
    using SingleAnswerer::take;

  private:
    void question_withdrawn() override {
        if (const auto run = std::exchange(withdrawn_, nullptr)) run();
    }

    std::function<void()> withdrawn_;
};

static_assert(sizeof(TextQuestion) == 2 * sizeof(void*), "a table of virtual functions, and the answerer");
static_assert(!std::is_copy_constructible_v<Asked> && !std::is_copy_assignable_v<Asked>);
static_assert(!std::is_move_constructible_v<Asked> && !std::is_move_assignable_v<Asked>);
static_assert(!std::is_copy_constructible_v<Desk> && !std::is_move_constructible_v<Desk>);

TEST(Question, IsAnsweredOnce) {
    Desk desk;
    Asked asked;
    EXPECT_FALSE(asked.pending());
    desk.ask(asked);
    EXPECT_TRUE(asked.pending());
    EXPECT_TRUE(asked.heard.empty());
    desk.answer_first("yes");
    EXPECT_FALSE(asked.pending());
    EXPECT_EQ(asked.heard, std::vector<std::string>{"yes"});
}

TEST(Question, MayBeAskedAgainFromItsOwnAnswer) {
    Desk desk;
    Asked asked;
    asked.then = [&] { desk.ask(asked); };
    desk.ask(asked);
    desk.answer_first("yes");
    EXPECT_TRUE(asked.pending());
    desk.answer_first("no");
    EXPECT_EQ(asked.heard, (std::vector<std::string>{"yes", "no"}));
}

TEST(Question, IsWithdrawnByItsDestructor) {
    Desk desk;
    Asked stays;
    {
        Asked goes, not_asked;
        desk.ask(goes);
        desk.ask(stays);
    }
    EXPECT_EQ(desk.waiting, std::vector<TextQuestion*>{&stays});
    desk.answer_first("yes");
    EXPECT_EQ(stays.heard.size(), 1U);
}

TEST(Question, MayBeDestroyedByItsOwnAnswer) {
    Desk desk;
    bool heard = false;
    auto asked = std::make_unique<Asked>();
    asked->then = [&] {
        heard = true;
        asked.reset();
    };
    desk.ask(*asked);
    desk.answer_first("yes");
    EXPECT_TRUE(heard);
    EXPECT_EQ(asked, nullptr);
    EXPECT_TRUE(desk.waiting.empty());
}

TEST(Question, MayDestroyAnotherThatWaits) {
    Desk desk;
    Asked first;
    auto second = std::make_unique<Asked>();
    first.then = [&] { second.reset(); };
    desk.ask(first);
    desk.ask(*second);
    desk.answer_first("yes");
    EXPECT_TRUE(desk.waiting.empty());
}

TEST(Question, OutlivesTheSideThatIsAsked) {
    Asked asked;
    {
        Desk desk;
        desk.ask(asked);
    }
    EXPECT_FALSE(asked.pending());
    EXPECT_TRUE(asked.heard.empty());
    Desk next;
    next.ask(asked);
    next.answer_first("yes");
    EXPECT_EQ(asked.heard.size(), 1U);
}

TEST(Question, MayBePassedOn) {
    Desk one, other;
    Asked asked;
    auto withdrawn = std::make_unique<Asked>();
    one.ask(asked);
    one.ask(*withdrawn);
    one.pass_first_on(other);
    one.pass_first_on(other);
    withdrawn.reset();
    EXPECT_EQ(other.waiting, std::vector<TextQuestion*>{&asked});
    other.answer_first("yes");
    EXPECT_EQ(asked.heard.size(), 1U);
}

TEST(Question, MayBeAnsweredWithNothing) {
    struct Count final : Question<const int*> {
        void answered(const int* answer) override { sum += answer == nullptr ? 100 : *answer; }
        int sum = 0;
    };
    struct Counter final : SingleAnswerer<Count> {
        using SingleAnswerer::answer;
        using SingleAnswerer::take;
    };
    Counter counter;
    Count count;
    const int seven = 7;
    for (const int* const answer : {&seven, static_cast<const int*>(nullptr)}) {
        counter.take(count);
        counter.answer(answer);
    }
    EXPECT_EQ(count.sum, 107);
}

TEST(SingleAnswerer, AnswersOnceAndThenNobody) {
    Clerk clerk;
    Asked asked;
    clerk.take(asked);
    EXPECT_EQ(clerk.question(), &asked);
    clerk.answer("yes");
    EXPECT_EQ(clerk.question(), nullptr);
    clerk.answer("no");
    EXPECT_EQ(asked.heard, std::vector<std::string>{"yes"});
}

TEST(SingleAnswerer, AnswersNobodyAfterAWithdrawal) {
    int withdrawn = 0;
    Clerk clerk([&] { ++withdrawn; });
    auto asked = std::make_unique<Asked>();
    clerk.take(*asked);
    asked.reset();
    EXPECT_EQ(withdrawn, 1);
    EXPECT_EQ(clerk.question(), nullptr);
    clerk.answer("yes");
}

TEST(SingleAnswerer, DropsItsQuestionWhenItEnds) {
    Asked asked;
    {
        Clerk().take(asked);
    }
    EXPECT_FALSE(asked.pending());
}

TEST(SingleAnswerer, MayBeDestroyedByTheAnswerOrTheWithdrawal) {
    auto clerk = std::make_unique<Clerk>();
    Asked asked;
    asked.then = [&] { clerk.reset(); };
    clerk->take(asked);
    clerk->answer("yes");
    EXPECT_EQ(clerk, nullptr);
    EXPECT_EQ(asked.heard.size(), 1U);

    std::unique_ptr<Clerk> other;
    other = std::make_unique<Clerk>([&] { other.reset(); });
    {
        Asked withdrawn;
        other->take(withdrawn);
    }
    EXPECT_EQ(other, nullptr);
}

}  // namespace
}  // namespace sluice
