// Two machines, each with a disk, and a stand-in for the Redis between them: it may be away, empty, or old.
#include "store/shared_acts.hpp"

#include <functional>
#include <gtest/gtest.h>
#include <map>

#include "store/act_stamp.hpp"
#include "store/testing/backing_harness.hpp"
#include "store/testing/temporary_directory.hpp"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

constexpr const char* network = "act/192.0.2.0/24";

/// The records that all machines share.
struct Everybody {
    std::map<std::string, std::optional<Record>> records;
    WallMillis now = 1'764'549'333'123;
    bool away = false;
};

class Link final : public Backing {
  public:
    explicit Link(Everybody& everybody) : everybody_(everybody) {}
    void perform(Operations batch, Done done) override {
        if (everybody_.away) return done(std::nullopt);
        Outcomes outcomes;
        for (const Operation& operation : batch)
            if (operation.verb == Verb::list)
                list(operation, outcomes);
            else
                outcomes.push_back(apply(operation, everybody_.records[operation.key], everybody_.now));
        done(std::move(outcomes));
    }
    void settle(Settled done) override { done(""); }

  private:
    void list(const Operation& operation, Outcomes& outcomes) const {
        for (const auto& [key, record] : everybody_.records)
            if (record && !record->expired(everybody_.now) && key.starts_with(operation.key) &&
                key > operation.value && outcomes.size() < static_cast<std::size_t>(operation.amount))
                outcomes.push_back(describe(key, *record, everybody_.now));
    }

    Everybody& everybody_;
};

class Machine {
  public:
    explicit Machine(Everybody& everybody) : everybody_(everybody) { start(); }

    void start() {
        LocalBacking::Options options;
        options.database.directory = directory_.path();
        const auto clock = [this] { return everybody_.now + clock_is_ahead; };
        const auto told_ = [this](std::string_view what, std::string_view why) {
            told.emplace_back(what);
            last_why = why;
        };
        auto kept = std::make_unique<LocalBacking>(loop_, options, clock, told_);
        acts_ = std::make_unique<SharedActs>(loop_, SharedActs::Options{.sync_every = 5ms}, std::move(kept),
                                             std::make_unique<Link>(everybody_), clock, told_,
                                             [this] { ++changed; });
    }
    /// Ends this machine's process; what is on its disk stays.
    void end() {
        if (!acts_) return;
        bool settled = false;
        acts_->settle([&](std::string_view why) { settled = why.empty(); });
        ASSERT_TRUE(turn_until(loop_, [&] { return settled; }));
        acts_.reset();
    }
    void restart() {
        end();
        start();
    }
    void agree() {
        for (const Instant end = loop_.now() + 30ms; loop_.now() < end;)
            loop_.turn(5ms);
    }

    /// False: the operations could not be put into Redis.
    bool perform(Operations operations) {
        std::optional<std::optional<Outcomes>> answer;
        acts_->perform(std::move(operations),
                       [&](std::optional<Outcomes> found) { answer = std::move(found); });
        EXPECT_TRUE(turn_until(loop_, [&] { return answer.has_value(); }));
        outcomes = answer->value_or(Outcomes{});
        return answer->has_value();
    }
    bool block(const char* what = network, Seconds term = 0s, const char* why = "reject root spam") {
        return perform({{.verb = Verb::put, .key = what, .value = why, .term = term}});
    }
    bool forget(const char* what = network) { return perform({{.verb = Verb::erase, .key = what}}); }
    /// The act stored under `what`; "" = none.
    std::string act(const char* what = network) {
        perform({{.verb = Verb::get, .key = what}});
        return outcomes.at(0).value;
    }
    std::size_t acts() {
        perform({{.verb = Verb::list, .key = "act/", .value = "act/", .amount = listed_max}});
        return outcomes.size();
    }

    Outcomes outcomes;
    std::vector<std::string> told;
    std::string last_why;
    int changed = 0;
    WallMillis clock_is_ahead = 0;

  private:
    Everybody& everybody_;
    TemporaryDirectory directory_;
    net::Loop loop_;
    std::unique_ptr<SharedActs> acts_;
};

class SharedActsTest : public testing::Test {
  protected:
    void agree() {
        for (int round = 0; round < 2; ++round)
            for (Machine* machine : {&here_, &there_})
                machine->agree();
    }

    Everybody everybody_;
    Machine here_{everybody_}, there_{everybody_};
};

TEST_F(SharedActsTest, WhatIsSaidHereHoldsThere) {
    ASSERT_TRUE(here_.block());
    EXPECT_EQ(here_.act(), "reject root spam") << "at once";
    EXPECT_EQ(std::get<Value>(everybody_.records[network]->content).text, "reject root@1764549333123 spam");
    agree();
    EXPECT_EQ(there_.act(), "reject root spam");
    EXPECT_GT(there_.changed, 0);
    ASSERT_TRUE(there_.forget());
    EXPECT_TRUE(there_.outcomes.at(0).found);
    EXPECT_EQ(there_.acts(), 0U);
    agree();
    EXPECT_EQ(here_.act(), "");
    EXPECT_EQ(here_.acts(), 0U);
    ASSERT_TRUE(here_.forget());
    EXPECT_FALSE(here_.outcomes.at(0).found) << "what was forgotten is not there";
    EXPECT_TRUE(here_.told.empty() && there_.told.empty()) << here_.last_why << there_.last_why;
}

TEST_F(SharedActsTest, RedisThatComesBackEmptyGetsThemBack) {
    here_.block();
    there_.block("act/192.0.2.7/32", 3600s);
    agree();
    everybody_.records.clear();
    agree();
    EXPECT_EQ(here_.acts(), 2U);
    EXPECT_EQ(there_.acts(), 2U);
    EXPECT_EQ(everybody_.records.size(), 2U);
    EXPECT_EQ(everybody_.records["act/192.0.2.7/32"]->expires, everybody_.now + 3'600'000);
    EXPECT_EQ(here_.told, std::vector<std::string>{"acts_put_back"}) << "by the first who sees it";
    EXPECT_TRUE(there_.told.empty());
}

TEST_F(SharedActsTest, TheyHoldFromTheStartWhileRedisIsAway) {
    here_.block();
    here_.agree();
    everybody_.away = true;
    here_.restart();
    here_.agree();
    EXPECT_EQ(here_.act(), "reject root spam");
    EXPECT_EQ(here_.told, std::vector<std::string>{"acts_not_read"}) << "once";
    EXPECT_NE(here_.last_why.find("the 1 acts that it keeps"), std::string::npos) << here_.last_why;
    everybody_.away = false;
    everybody_.records.clear();
    here_.agree();
    EXPECT_EQ(here_.told, (std::vector<std::string>{"acts_not_read", "acts_read", "acts_put_back"}));
    agree();
    EXPECT_EQ(there_.act(), "reject root spam");
    everybody_.away = true;
    agree();
    EXPECT_EQ(there_.told, std::vector<std::string>{}) << "they have been read";
}

TEST_F(SharedActsTest, WhatIsSaidWhileRedisIsAwayIsPutThereLater) {
    here_.block();
    there_.agree();
    everybody_.away = true;
    EXPECT_FALSE(here_.forget());
    EXPECT_FALSE(here_.block("act/192.0.2.7/32"));
    EXPECT_EQ(here_.act(), "");
    EXPECT_EQ(here_.act("act/192.0.2.7/32"), "reject root spam");
    here_.restart();
    everybody_.away = false;
    agree();
    EXPECT_EQ(there_.act(), "") << "it is not put back by who has not heard of it";
    EXPECT_EQ(there_.act("act/192.0.2.7/32"), "reject root spam");
}

/// The machine that was off has the act on its disk, and Redis has lost the mark.
TEST_F(SharedActsTest, WhatWasForgottenIsNotPutBackByWhoMissedIt) {
    here_.block();
    agree();
    there_.end();
    ASSERT_TRUE(here_.forget());
    everybody_.records.clear();
    there_.start();
    there_.agree();
    EXPECT_EQ(there_.act(), "reject root spam") << "nobody has told it yet";
    agree();
    EXPECT_EQ(there_.act(), "");
    EXPECT_EQ(here_.act(), "");
}

TEST_F(SharedActsTest, LaterWordHoldsWhateverTheClocksSay) {
    here_.clock_is_ahead = 3'600'000;
    here_.block();
    agree();
    ASSERT_TRUE(there_.forget());
    agree();
    EXPECT_EQ(here_.act(), "");
    here_.block(network, 0s, "slow root");
    agree();
    there_.block(network, 0s, "fast root");
    agree();
    EXPECT_EQ(here_.act(), "fast root");
}

/// Redis comes back with a snapshot that is older than the last act.
TEST_F(SharedActsTest, RedisThatComesBackWithOldOnesGetsTheNewerOnes) {
    here_.block();
    agree();
    const auto snapshot = everybody_.records;
    everybody_.now += 1000;
    there_.block(network, 0s, "slow root");
    there_.block("act/192.0.2.7/32");
    agree();
    everybody_.records = snapshot;
    agree();
    EXPECT_EQ(here_.act(), "slow root");
    EXPECT_EQ(there_.act(), "slow root");
    EXPECT_EQ(there_.acts(), 2U);
    EXPECT_EQ(read_act_stamp(std::get<Value>(everybody_.records[network]->content).text).text, "slow root");
}

TEST_F(SharedActsTest, AnActEndsOnAllMachinesAndStaysSo) {
    here_.block(network, 60s);
    agree();
    for (int second = 0; second < 65; ++second) {
        everybody_.now += 1000;
        here_.agree();
        there_.agree();
    }
    EXPECT_EQ(here_.acts() + there_.acts(), 0U);
    everybody_.now += 2000;
    agree();
    EXPECT_EQ(here_.acts() + there_.acts(), 0U) << "neither side keeps it alive";
}

TEST_F(SharedActsTest, WhatASluiceWithoutStampsHasSaidIsTaken) {
    const Operation put{.verb = Verb::put, .key = network, .value = "reject root spam", .term = 3600s};
    apply(put, everybody_.records[network], everybody_.now);
    agree();
    EXPECT_EQ(here_.act(), "reject root spam");
    const int before = here_.changed;
    everybody_.now += 5000;
    agree();
    EXPECT_EQ(here_.changed, before) << "it is the same act";
    everybody_.records.clear();
    agree();
    EXPECT_EQ(there_.act(), "reject root spam");
}

TEST_F(SharedActsTest, OtherRecordsAreRedisOwnMatter) {
    ASSERT_TRUE(here_.perform({{.verb = Verb::put, .key = "v/a", .value = "1"},
                               {.verb = Verb::erase, .key = network},
                               {.verb = Verb::get, .key = "v/a"}}));
    ASSERT_EQ(here_.outcomes.size(), 3U);
    EXPECT_EQ(here_.outcomes[2].value, "1");
    EXPECT_FALSE(here_.outcomes[1].found);
    here_.block("act/192.0.2.7/32");
    ASSERT_TRUE(there_.perform({{.verb = Verb::list, .key = "", .amount = 9}}));
    EXPECT_EQ(there_.outcomes.at(1).value, "reject root spam") << "a dump has no stamps";
    everybody_.away = true;
    EXPECT_FALSE(here_.perform({{.verb = Verb::get, .key = "v/a"}}));
}

TEST_F(SharedActsTest, PagesAreFullUntilTheLast) {
    for (int i = 0; i < 2 * listed_max + 20; ++i) {
        const std::string key = "act/192.0.2." + std::to_string(100 + i) + "/32";
        here_.block(key.c_str());
        if (i % 3 == 0) here_.forget(key.c_str());
    }
    agree();
    Operation list{.verb = Verb::list, .key = "act/", .value = "act/", .amount = listed_max};
    std::vector<std::size_t> pages;
    do {
        ASSERT_TRUE(there_.perform({list}));
        pages.push_back(there_.outcomes.size());
        if (!there_.outcomes.empty()) list.value = there_.outcomes.back().key;
    } while (pages.back() == static_cast<std::size_t>(listed_max));
    EXPECT_EQ(pages, (std::vector<std::size_t>{50, 30}));
}

}  // namespace
}  // namespace sluice::store
