// The worker's side and the store process's side, over a real socket.
#include "store/client.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <functional>
#include <gtest/gtest.h>
#include <map>

#include "net/local_socket.hpp"
#include "net/socket.hpp"
#include "store/keeper.hpp"
#include "store/local_backing.hpp"
#include "store/message.hpp"
#include "store/testing/temporary_directory.hpp"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

/// Records without a disk; it gives no answers when told so.
class Notebook final : public Backing {
  public:
    void perform(Operations batch, Done done) override {
        if (silent) return;
        if (failing) return done(std::nullopt);
        Outcomes outcomes;
        for (const Operation& operation : batch) {
            if (operation.verb == Verb::list) {
                for (const auto& [key, record] : records)
                    if (record && key.starts_with(operation.key) && key > operation.value)
                        outcomes.push_back(describe(key, *record, 0));
                break;
            }
            outcomes.push_back(apply(operation, records[operation.key], 0));
        }
        done(std::move(outcomes));
    }
    void settle(Settled done) override {
        if (!slow_disk) return done(full_disk ? "No space left on device" : "");
        settling.push_back(std::move(done));
    }

    std::map<std::string, std::optional<Record>> records;
    bool silent = false;
    bool failing = false;
    bool slow_disk = false;
    bool full_disk = false;
    std::vector<Settled> settling;
};

class Asked final : public State::Question {
  public:
    void answered(const Outcomes* found) override {
        ++answers;
        if (found != nullptr) outcomes = *found;
        if (then) then();
    }
    int answers = 0;
    std::optional<Outcomes> outcomes;
    std::function<void()> then;
};

class StateClientTest : public testing::Test {
  protected:
    StateClientTest() { open_listener(); }

    std::string path() const { return directory_.path() + "/store"; }
    void open_listener() { listener_ = net::listen_local(path(), 0600, 64).value(); }
    void open_keeper() {
        keeper_ = std::make_unique<Keeper>(
            loop_, listener_.get(), notebook_, keeper_options_,
            [this](std::string_view what, std::string_view network, std::string_view) {
                acted_.push_back(std::string(what) + " " + std::string(network));
            },
            [this](uid_t user, std::string_view command, std::size_t changes) {
                EXPECT_EQ(user, ::geteuid());
                changed_.push_back(std::string(command) + ": " + std::to_string(changes));
            });
    }
    std::unique_ptr<StateClient> client(Millis deadline = 1000ms, std::size_t unsent_max = 4'000'000) {
        return std::make_unique<StateClient>(
            loop_,
            StateClient::Options{.path = path(), .deadline = deadline, .unsent_octets_max = unsent_max},
            StateClient::Listener{
                .told = [this](std::string_view what, std::string_view) { told_.emplace_back(what); },
                .hold_again =
                    [this] {
                        ++held_again_;
                        if (hold_again_) hold_again_();
                    },
                .acts_changed = [this] { ++acts_changed_; }});
    }
    void turn_until(const std::function<bool()>& done) {
        loop_.turn(0ms);
        bool well = done();
        for (const Instant end = loop_.now() + 10s; !well && loop_.now() < end;) {
            loop_.turn(5ms);
            well = done();
        }
        ASSERT_TRUE(well);
    }
    std::optional<Outcomes> ask(StateClient& client, const Operations& operations) {
        Asked asked;
        client.ask(asked, operations);
        EXPECT_EQ(asked.answers, 0) << "never from within ask()";
        turn_until([&] { return asked.answers > 0; });
        EXPECT_EQ(asked.answers, 1);
        return asked.outcomes;
    }

    TemporaryDirectory directory_;
    net::Loop loop_;
    net::Fd listener_;
    Notebook notebook_;
    Keeper::Options keeper_options_{
        .operator_user = ::geteuid(), .workers_user = ::geteuid(), .live_max = 100, .acts_every = 20ms};
    std::vector<std::string> told_, acted_, changed_;  // the keeper writes to them too, until its end
    std::unique_ptr<Keeper> keeper_;
    int acts_changed_ = 0;
    int held_again_ = 0;
    std::function<void()> hold_again_;
    bool worker_joins_again_ = false;
};

const Operation get{.verb = Verb::get, .key = "a"};
const Operation put{.verb = Verb::put, .key = "a", .value = "1"};
const Operation one_more{.verb = Verb::hold, .key = "live/a", .amount = 1};
const Operation one_less{.verb = Verb::hold, .key = "live/a", .amount = -1};
const Operation how_many{.verb = Verb::hold, .key = "live/a"};

TEST_F(StateClientTest, AsksAndTells) {
    open_keeper();
    const auto worker = client();
    worker->tell(std::span(&put, 1));
    const auto outcomes = ask(*worker, {one_more, get, how_many, get});
    ASSERT_TRUE(outcomes);
    ASSERT_EQ(outcomes->size(), 4U);
    EXPECT_EQ(outcomes->at(0).counts[0], 1U);
    EXPECT_EQ(outcomes->at(1).value, "1");
    EXPECT_EQ(outcomes->at(2).counts[0], 1U);
    EXPECT_EQ(outcomes->at(3).value, "1");
    EXPECT_TRUE(told_.empty());
    EXPECT_EQ(ask(*worker, {one_less})->at(0).counts[0], 0U);
}

TEST_F(StateClientTest, AnswersOfOneTurnTravelTogetherAndInOrder) {
    open_keeper();
    const auto worker = client();
    constexpr unsigned questions = 1000;
    std::vector<std::unique_ptr<Asked>> all;
    for (unsigned i = 0; i < questions; ++i) {
        all.push_back(std::make_unique<Asked>());
        worker->ask(*all.back(), std::span(&one_more, 1));
    }
    turn_until([&] { return all.back()->answers == 1; });
    for (unsigned i = 0; i < questions; ++i)
        EXPECT_EQ(all[i]->outcomes->at(0).counts[0], i + 1);
}

TEST_F(StateClientTest, LiveCountsGoWithTheirWorker) {
    open_keeper();
    auto one = client(), other = client();
    ask(*one, {one_more, one_more});
    EXPECT_EQ(ask(*other, {one_more})->at(0).counts[0], 3U);
    one.reset();
    turn_until([&] { return ask(*other, {how_many})->at(0).counts[0] == 1; });
}

TEST_F(StateClientTest, LiveCountsAreHeldAgainAfterTheStoreHasGone) {
    open_keeper();
    const auto worker = client(100ms);
    EXPECT_EQ(held_again_, 1);
    ask(*worker, {one_more});
    keeper_.reset();
    turn_until([&] { return !worker->up(); });
    EXPECT_EQ(told_, std::vector<std::string>{"store_down"});
    EXPECT_FALSE(ask(*worker, {one_more})) << "answered with nothing";
    hold_again_ = [&] { worker->tell(std::vector<Operation>{one_more, one_more}); };
    open_keeper();
    turn_until([&] { return told_.size() == 2; });
    EXPECT_EQ(told_.back(), "store_up") << "though nothing was asked";
    EXPECT_EQ(held_again_, 2);
    EXPECT_EQ(ask(*worker, {how_many})->at(0).counts[0], 2U);
}

TEST_F(StateClientTest, StartsWithoutAStore) {
    listener_.reset();
    const auto worker = client();
    EXPECT_FALSE(ask(*worker, {get}));
    EXPECT_EQ(told_, std::vector<std::string>{"store_down"});
    open_listener();
    open_keeper();
    turn_until([&] { return worker->up(); });
    EXPECT_TRUE(ask(*worker, {get}));
}

TEST_F(StateClientTest, SlowStoreIsLeftAloneAndProbed) {
    open_keeper();
    const auto worker = client(40ms);
    ASSERT_TRUE(ask(*worker, {get}));
    notebook_.silent = true;
    EXPECT_FALSE(ask(*worker, {get}));
    EXPECT_EQ(told_, std::vector<std::string>{"store_slow"});
    const Instant before = loop_.now();
    for (int i = 0; i < 5; ++i)
        EXPECT_FALSE(ask(*worker, {get}));
    EXPECT_LT(loop_.now() - before, 5 * 40ms) << "nobody waits for what will not come";
    notebook_.silent = false;
    turn_until([&] { return ask(*worker, {get}).has_value(); });
    EXPECT_EQ(told_, (std::vector<std::string>{"store_slow", "store_up"}));
    EXPECT_EQ(worker->unanswered() >= 6, true);
}

TEST_F(StateClientTest, FailureIsAnsweredAtOnce) {
    open_keeper();
    const auto worker = client();
    notebook_.failing = true;
    EXPECT_FALSE(ask(*worker, {get, one_more}));
    notebook_.failing = false;
    EXPECT_EQ(ask(*worker, {how_many})->at(0).counts[0], 1U) << "live counts do not depend on what is behind";
}

TEST_F(StateClientTest, WithdrawnQuestionsHearNothing) {
    open_keeper();
    const auto worker = client(40ms);
    {
        Asked withdrawn, late;
        notebook_.silent = true;
        worker->ask(withdrawn, std::span(&get, 1));
        loop_.turn(0ms);
    }
    notebook_.silent = false;
    EXPECT_TRUE(ask(*worker, {get}));
    auto one = std::make_unique<Asked>();
    Asked other;
    one->then = [&] { one.reset(); };  // like a session that ends with the answer
    worker->ask(*one, std::span(&get, 1));
    worker->ask(other, std::span(&get, 1));
    turn_until([&] { return other.answers == 1; });
    EXPECT_FALSE(one);
}

TEST_F(StateClientTest, WhatCannotBeSentIsBounded) {
    open_keeper();
    keeper_.reset();  // the socket listens, but nothing is read
    const auto worker = client(50ms, 10'000);
    const Operation large{.verb = Verb::put, .key = "a", .value = std::string(1000, 'x')};
    for (int i = 0; i < 5000; ++i)
        worker->tell(std::span(&large, 1));
    EXPECT_FALSE(ask(*worker, {get}));
    open_keeper();
    turn_until([&] { return ask(*worker, {get}).has_value(); });
}

TEST_F(StateClientTest, ActsAreTheOperatorsAndWorkersHearOfThem) {
    keeper_options_.workers_user = ::geteuid() + 1;
    open_keeper();
    const auto worker = client();
    ASSERT_TRUE(ask(*worker, {get}));
    const int before = acts_changed_;
    ASSERT_TRUE(ask(*worker, {{.verb = Verb::put, .key = "act/192.0.2.0/24", .value = "block"}}));
    turn_until([&] { return acts_changed_ > before; });  // without a question having been asked
    EXPECT_EQ(acted_, std::vector<std::string>{"act 192.0.2.0/24"});
    ASSERT_TRUE(ask(*worker, {{.verb = Verb::erase, .key = "act/192.0.2.0/24"}}));
    turn_until([&] { return acted_.size() == 2; });
    EXPECT_EQ(acted_.back(), "act_ended 192.0.2.0/24");
}

TEST_F(StateClientTest, WhatACommandHasChangedIsToldWhenItIsOver) {
    open_keeper();
    auto operators = client(), other = client();
    ASSERT_TRUE(ask(*other, {put}));
    const Operation command{.verb = Verb::put, .key = "command/forget everything"};
    const Operation erase{.verb = Verb::erase, .key = "a"};
    ASSERT_TRUE(ask(*operators, {command, get, erase, erase, {.verb = Verb::weigh, .key = "b", .good = 1}}));
    ASSERT_TRUE(ask(*operators, {put, one_more}));
    EXPECT_TRUE(changed_.empty());
    EXPECT_FALSE(notebook_.records.contains(command.key));
    operators.reset();
    turn_until([&] { return !changed_.empty(); });
    EXPECT_EQ(changed_, std::vector<std::string>{"forget everything: 3"});
    operators = client();
    ASSERT_TRUE(ask(*operators, {command, get, {.verb = Verb::erase, .key = "c"}}));
    operators.reset();
    other.reset();
    turn_until([&] { return keeper_->visitors() == 0; });
    EXPECT_EQ(changed_.size(), 1U) << "nothing has changed";
}

TEST_F(StateClientTest, WhatACommandHasChangedIsWrittenDownBeforeItIsAnswered) {
    open_keeper();
    const auto operators = client();
    const Operation command{.verb = Verb::put, .key = "command/block"};
    notebook_.slow_disk = true;
    ASSERT_TRUE(ask(*operators, {get})) << "looking writes nothing";
    for (const Operations& said : {Operations{command, put}, Operations{command}}) {
        Asked asked;
        operators->ask(asked, said);
        turn_until([&] { return !notebook_.settling.empty(); });
        EXPECT_EQ(asked.answers, 0);
        std::exchange(notebook_.settling, {}).front()("");
        turn_until([&] { return asked.answers == 1; });
        ASSERT_TRUE(asked.outcomes);
        EXPECT_EQ(asked.outcomes->size(), said.size());
    }
}

TEST_F(StateClientTest, WhoIsRefusedHearsWhy) {
    open_keeper();
    const auto operators = client();
    const Operation command{.verb = Verb::put, .key = "command/block"};
    notebook_.full_disk = true;
    EXPECT_FALSE(ask(*operators, {command, put}));
    EXPECT_NE(operators->refusal().find("No space left on device"), std::string::npos)
        << operators->refusal();
    EXPECT_FALSE(ask(*operators, {command})) << "it is not written yet";
    notebook_.full_disk = false;
    EXPECT_TRUE(ask(*operators, {command}));
    EXPECT_EQ(operators->refusal(), "");
    notebook_.failing = true;
    EXPECT_FALSE(ask(*operators, {command, put}));
    EXPECT_NE(operators->refusal().find("cannot be reached"), std::string::npos) << operators->refusal();
}

TEST_F(StateClientTest, GoesOverToTheNextWithoutALoss) {
    open_keeper();
    const auto worker = client();
    hold_again_ = [&] { worker_joins_again_ = true; };
    ASSERT_TRUE(ask(*worker, {one_more}));
    notebook_.slow_disk = true;  // so that a command's question is in flight
    const Operation command{.verb = Verb::put, .key = "command/block"};
    Asked before;
    const Operations said{command, put};
    worker->ask(before, said);
    turn_until([&] { return !notebook_.settling.empty(); });

    keeper_->make_room();
    auto first = std::move(keeper_);
    turn_until([&] { return worker_joins_again_; });
    Asked after;
    worker->ask(after, std::span(&how_many, 1));
    loop_.turn(10ms);
    EXPECT_EQ(before.answers + after.answers, 0);
    EXPECT_EQ(first->visitors(), 1U) << "until it has heard what it asked";
    std::exchange(notebook_.settling, {}).front()("");
    turn_until([&] { return before.answers == 1 && first->visitors() == 0; });
    EXPECT_TRUE(before.outcomes);
    first.reset();
    open_keeper();
    turn_until([&] { return after.answers == 1; });
    ASSERT_TRUE(after.outcomes);
    EXPECT_EQ(after.outcomes->at(0).counts[0], 0U) << "asked of the next";
    EXPECT_TRUE(told_.empty());
    EXPECT_EQ(worker->unanswered(), 0U);
}

TEST_F(StateClientTest, NobodyComesAfterWhoMakesRoom) {
    open_keeper();
    const auto worker = client(20ms);
    ASSERT_TRUE(ask(*worker, {get}));
    ::unlink(path().c_str());
    keeper_->make_room();
    turn_until([&] { return keeper_->visitors() == 0; });
    EXPECT_FALSE(ask(*worker, {get})) << "there is no memory";
    EXPECT_TRUE(told_.empty()) << "and that was meant";
    open_listener();
    keeper_.reset();
    open_keeper();
    turn_until([&] { return ask(*worker, {get}).has_value(); });
    EXPECT_TRUE(told_.empty());
    keeper_.reset();
    listener_.reset();
    turn_until([&] { return !told_.empty(); });
    EXPECT_EQ(told_, std::vector<std::string>{"store_down"}) << "this was not";
}

TEST_F(StateClientTest, FailedLookAtActsEndsNone) {
    open_keeper();
    const auto worker = client();
    ask(*worker, {{.verb = Verb::put, .key = "act/192.0.2.0/24", .value = "block"}});
    turn_until([&] { return acted_.size() == 1; });
    notebook_.failing = true;
    for (int turns = 0; turns < 20; ++turns)
        loop_.turn(5ms);
    notebook_.failing = false;
    for (int turns = 0; turns < 20; ++turns)
        loop_.turn(5ms);
    EXPECT_EQ(acted_.size(), 1U);
}

TEST_F(StateClientTest, WorkersSayNothingInTheOperatorsName) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can be somebody else";
    constexpr uid_t nobody = 65534;
    keeper_options_ = {.operator_user = 0, .workers_user = nobody, .live_max = 100, .acts_every = 20ms};
    ASSERT_EQ(::chmod(directory_.path().c_str(), 0755), 0);
    listener_ = net::listen_local(path(), 0666, 4).value();
    open_keeper();
    ASSERT_EQ(::seteuid(nobody), 0);
    const auto socket = net::connect_to({.tcp = {}, .path = path()});
    ASSERT_EQ(::seteuid(0), 0);
    ASSERT_TRUE(socket);
    const auto done = [&](const Operation& operation) {
        std::string query, answer(1000, '\0');
        append_query(query, 1, std::span(&operation, 1));
        net::write_some(socket->get(), query.data(), query.size());
        std::ptrdiff_t got = 0;
        turn_until([&] { return (got = net::read_some(socket->get(), answer.data(), answer.size())) > 0; });
        std::string_view input(answer.data(), static_cast<std::size_t>(got));
        return decode_response(take_frame(input).body)->done;
    };
    EXPECT_TRUE(done(put));
    EXPECT_TRUE(done({.verb = Verb::list, .key = "act/", .amount = 1}));
    EXPECT_TRUE(done({.verb = Verb::get, .key = "act/192.0.2.0/24"}));
    EXPECT_FALSE(done({.verb = Verb::put, .key = "act/192.0.2.0/24", .value = "allow"}));
    EXPECT_FALSE(done({.verb = Verb::erase, .key = "act/192.0.2.0/24"}));
    EXPECT_FALSE(done({.verb = Verb::put, .key = "command/allow 192.0.2.0/24"}));
    EXPECT_FALSE(done({.verb = Verb::list, .key = "", .amount = 1}));
}

TEST_F(StateClientTest, StrangersAndNonsenseAreCut) {
    open_keeper();
    const auto socket = net::connect_to({.tcp = {}, .path = path()});
    ASSERT_TRUE(socket);
    std::string query;
    append_query(query, 1, std::span(&get, 1));
    query[9] = '\x7f';  // no verb
    net::write_some(socket->get(), query.data(), query.size());
    char octet = 0;
    std::ptrdiff_t got = net::io_would_block;
    turn_until([&] { return (got = net::read_some(socket->get(), &octet, 1)) != net::io_would_block; });
    EXPECT_EQ(got, 0);
    EXPECT_EQ(keeper_->visitors(), 0U);
}

}  // namespace
}  // namespace sluice::store
