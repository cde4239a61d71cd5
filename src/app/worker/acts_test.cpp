// The operator's acts in a worker, read from a store over a real socket.
#include "app/worker/acts.hpp"

#include <unistd.h>

#include <fmt/format.h>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <span>

#include "net/local_socket.hpp"
#include "store/client.hpp"
#include "store/keeper.hpp"
#include "store/local_backing.hpp"
#include "store/testing/temporary_directory.hpp"

namespace sluice::app {
namespace {

using namespace std::chrono_literals;

class ActsTest : public testing::Test {
  protected:
    ActsTest() : listener_(net::listen_local(path(), 0600, 8).value()) { open_keeper(); }

    std::string path() const { return directory_.path() + "/store"; }

    void open_keeper() {
        keeper_ = std::make_unique<store::Keeper>(
            loop_, listener_.get(), backing_,
            store::Keeper::Options{
                .operator_user = ::geteuid(), .workers_user = ::geteuid(), .acts_every = 10ms},
            [](std::string_view, std::string_view, std::string_view) {});
    }
    void act(std::string_view network, std::string_view text, Seconds term = 0s) {
        backing_.perform({{.verb = store::Verb::put,
                           .key = fmt::format("act/{}", network),
                           .value = std::string(text),
                           .term = term}},
                         [](const auto&) {});
    }
    void forget(std::string_view network) {
        backing_.perform({{.verb = store::Verb::erase, .key = fmt::format("act/{}", network)}},
                         [](const auto&) {});
    }
    /// The lane that an act puts the client into; "" when no act does.
    std::string lane(std::string_view client) const {
        const policy::Act* const found = acts_.find(IpAddress::parse(client).value());
        return found != nullptr ? std::string(name_of(found->lane)) : "";
    }
    void turn_until(const std::function<bool()>& done) {
        bool well = done();
        for (const Instant begun = loop_.now(); !well && loop_.now() - begun < 20s;) {
            loop_.turn(5ms);
            well = done();
        }
        ASSERT_TRUE(well);
    }

    store::TemporaryDirectory directory_;
    net::Loop loop_;
    net::Fd listener_;
    store::WallMillis now_ = 1'700'000'000'000;
    store::LocalBacking backing_{loop_,
                                 {.database = {.directory = directory_.path()}},
                                 [this] { return now_; },
                                 [](std::string_view, std::string_view) {}};
    std::unique_ptr<store::Keeper> keeper_;
    store::StateClient client_{loop_,
                               {.path = path(), .deadline = 200ms},
                               {.told = [](std::string_view, std::string_view) {},
                                .hold_again = [] {},
                                .acts_changed = [this] { loop_.defer([this] { acts_.read(); }); }}};
    Acts acts_{loop_, client_};
};

TEST_F(ActsTest, ReadyOnceTheyHaveBeenRead) {
    act("192.0.2.0/24", "reject root spam");
    int calls = 0;
    Acts* mine = nullptr;
    Acts acts(loop_, client_, [&](bool read) {
        EXPECT_TRUE(read);
        EXPECT_EQ(mine->size(), 1U);
        ++calls;
    });
    mine = &acts;
    acts.read();
    turn_until([&] { return calls == 1; });
    acts.read();
    for (int turns = 0; turns < 10; ++turns)
        loop_.turn(5ms);
    EXPECT_EQ(calls, 1);
}

TEST_F(ActsTest, ReadyWithoutThemWhenNobodyAnswers) {
    keeper_.reset();
    std::optional<bool> ready;
    Acts acts(loop_, client_, [&](bool read) { ready = read; });
    const Instant begun = loop_.now();
    acts.read();
    turn_until([&] { return ready.has_value(); });
    EXPECT_EQ(ready, false);
    EXPECT_GE(loop_.now() - begun, Acts::first_read_max);
    open_keeper();
    act("192.0.2.0/24", "reject root spam");
    turn_until([&] { return acts.size() == 1; });  // it has kept asking
}

TEST_F(ActsTest, TheLongestPrefixWins) {
    act("192.0.2.0/24", "reject root spam");
    act("192.0.2.7/32", "fast root a friend");
    act("2001:db8::/32", "defer root");
    act("192.0.2.0/25", "no lane");
    turn_until([&] { return acts_.size() == 3; });
    EXPECT_EQ(lane("192.0.2.1"), "reject");
    EXPECT_EQ(lane("192.0.2.7"), "fast");
    ASSERT_NE(acts_.find(*IpAddress::parse("192.0.2.7")), nullptr);
    EXPECT_EQ(*acts_.find(*IpAddress::parse("192.0.2.7")),
              (policy::Act{.lane = policy::Lane::fast, .who = "root", .why = "a friend"}));
    EXPECT_EQ(lane("2001:db8::1"), "defer");
    EXPECT_EQ(lane("198.51.100.1"), "");
}

TEST_F(ActsTest, ChangesAreHeardOf) {
    act("192.0.2.0/24", "reject root");
    turn_until([&] { return lane("192.0.2.1") == "reject"; });
    act("192.0.2.0/24", "slow root");
    turn_until([&] { return lane("192.0.2.1") == "slow"; });
    forget("192.0.2.0/24");
    turn_until([&] { return acts_.size() == 0; });
}

TEST_F(ActsTest, MoreThanOneListAreRead) {
    constexpr unsigned many = 3 * store::listed_max;
    for (unsigned i = 0; i < many; ++i)
        act(fmt::format("10.0.{}.0/24", i), "defer root");
    turn_until([&] { return acts_.size() == many; });
    EXPECT_EQ(lane("10.0.149.1"), "defer");
}

TEST_F(ActsTest, EndByThemselvesEvenWhileTheMemoryIsSilent) {
    act("192.0.2.0/24", "reject root");
    act("192.0.2.0/25", "fast root", 1s);
    act("10.0.0.0/8", "slow root", 1s);
    turn_until([&] { return acts_.size() == 3; });
    EXPECT_EQ(lane("192.0.2.1"), "fast");
    keeper_.reset();
    turn_until([&] { return lane("192.0.2.1") != "fast"; });
    EXPECT_EQ(lane("192.0.2.1"), "reject") << "what was read holds";
    EXPECT_EQ(lane("10.1.1.1"), "");
    now_ += 2000;
    open_keeper();
    turn_until([&] { return acts_.size() == 1; });
}

/// A memory that holds so many acts, and hands them out a list at a time.
class Roll final : public store::State {
  public:
    Roll(net::Loop& loop, std::size_t acts) : loop_(loop), acts_(acts) {}

    void ask(Question& question, std::span<const store::Operation> operations) override {
        ASSERT_EQ(operations.front().amount, store::listed_max);
        take(question);
        loop_.defer([this, &question] {
            store::Outcomes list;
            for (; told < acts_ && list.size() < std::size_t{store::listed_max}; ++told)
                list.push_back(
                    {.found = true,
                     .key = fmt::format("act/10.{}.{}.{}/32", told >> 16U, told >> 8U & 255U, told & 255U),
                     .value = "defer root"});
            answer(question, &list);
        });
    }
    void tell(std::span<const store::Operation> /*operations*/) override {}

    std::size_t told = 0;

  private:
    void withdrawn(Question& /*question*/) override {}

    net::Loop& loop_;
    std::size_t acts_;
};

TEST(Acts, SoManyAreRead) {
    net::Loop loop;
    Roll roll(loop, Acts::acts_max + 1);
    bool finished = false;
    Acts acts(loop, roll, nullptr, [&] { finished = true; });
    acts.read();
    for (unsigned turns = 0; !finished && turns < 10'000; ++turns)
        loop.turn(0ms);
    ASSERT_TRUE(finished);
    EXPECT_EQ(acts.size(), Acts::acts_max);
    EXPECT_EQ(roll.told, Acts::acts_max) << "and it is asked for no more";
}

}  // namespace
}  // namespace sluice::app
