// The MTAs' answers about recipients, shared through a store: a real connection to a real keeper of records.

#include <unistd.h>

#include <algorithm>
#include <map>
#include <memory>

#include "net/local_socket.hpp"
#include "relay/testing/relay_fixture.hpp"
#include "store/client.hpp"
#include "store/keeper.hpp"
#include "store/record.hpp"
#include "store/testing/temporary_directory.hpp"

namespace sluice::relay {
namespace {

/// Records without a disk, with their own clock.
class Records final : public store::Backing {
  public:
    void perform(store::Operations batch, Done done) override {
        store::Outcomes outcomes;
        for (const store::Operation& operation : batch) {
            if (operation.verb == store::Verb::list) return done(store::Outcomes{});
            if (operation.verb == store::Verb::get) ++questions;
            outcomes.push_back(store::apply(operation, records[operation.key], now));
        }
        if (!silent) done(std::move(outcomes));
    }
    void settle(Settled done) override { done(""); }

    /// Returns "250 2.1.5 Ok for 3600 s"; empty = there is no record.
    std::string of(const std::string& recipient) const {
        const auto at = records.find("recipient/" + recipient);
        if (at == records.end() || !at->second) return "";
        const store::Record& record = *at->second;
        return std::get<store::Value>(record.content).text + " for " +
               std::to_string((record.expires - record.made) / 1000) + " s";
    }
    void put(const std::string& recipient, const std::string& value, Seconds term) {
        store::apply(
            {.verb = store::Verb::put, .key = "recipient/" + recipient, .value = value, .term = term},
            records["recipient/" + recipient], now);
    }

    std::map<std::string, std::optional<store::Record>> records;
    store::WallMillis now = 1'000'000;
    unsigned questions = 0;
    bool silent = false;
};

class RelayMemory : public RelayTest {
  protected:
    RelayMemory() { connect(Millis{2000}); }
    ~RelayMemory() override { relay.reset(); }

    void connect(Millis deadline) {
        client_.reset();
        client_ = std::make_unique<store::StateClient>(
            loop, store::StateClient::Options{.path = path(), .deadline = deadline},
            store::StateClient::Listener{.told = [](std::string_view, std::string_view) {},
                                         .hold_again = [] {},
                                         .acts_changed = [] {}});
        memory = client_.get();
    }
    std::string path() const { return directory_.path() + "/store"; }
    /// Replaces the relay by a new one, like another worker that has no cache of its own yet.
    void start_another() {
        relay.reset();
        loop.turn(Millis{0});
        start_and_reach();
    }
    bool is_told(const std::string& recipient, const std::string& what) {
        return run_until([&] { return records.of(recipient) == what; });
    }

    Records records;

  private:
    store::TemporaryDirectory directory_;
    net::Fd listener_ = net::listen_local(path(), 0600, 64).value();
    store::Keeper keeper_{loop,
                          listener_.get(),
                          records,
                          {.operator_user = ::geteuid(), .workers_user = ::geteuid()},
                          [](std::string_view, std::string_view, std::string_view) {}};
    std::unique_ptr<store::StateClient> client_;
};

TEST_F(RelayMemory, WhatOneHasAskedOthersKnow) {
    start_and_reach();
    EXPECT_EQ(ask(1, "known@Example.net").by, "mta");
    EXPECT_EQ(ask(1, "unknown@example.net").by, "mta");
    ASSERT_TRUE(is_told("known@example.net", "own 192.0.2.0 250 2.1.5 Ok for 3600 s"));
    ASSERT_TRUE(is_told("unknown@example.net",
                        "own 192.0.2.0 550 5.1.1 Recipient address rejected: User unknown for 900 s"));
    EXPECT_EQ(mta.count("RCPT"), 2U);

    start_another();
    const smtp::Answer known = ask(2, "known@example.net");
    EXPECT_EQ(known.reply, (smtp::Reply{250, "2.1.5 Ok"}));
    EXPECT_EQ(known.by, "cache");
    EXPECT_FALSE(known.unknown_recipient);
    Ask suspect(2, "unknown@example.net");
    suspect.fast_lane = false;
    const smtp::Answer unknown = ask(suspect);
    EXPECT_EQ(unknown.by, "cache");
    EXPECT_EQ(unknown.reply, (smtp::Reply{550, "5.1.1 Recipient address rejected: User unknown"}));
    EXPECT_TRUE(unknown.unknown_recipient);
    EXPECT_EQ(mta.count("RCPT"), 2U);
    EXPECT_EQ(relay->counts().cached, 2U);
}

TEST_F(RelayMemory, NoRecordRefusesAClientThatNothingSpeaksAgainst) {
    // Records as a worker that was taken over could write them.
    for (const char* whose : {"own 192.0.2.0", "heard 192.0.2.0", "confirmed -", "own =192.0.2.1"})
        for (const bool operators_own : {false, true}) {
            const std::string address = "known" + std::to_string(records.records.size()) + "@example.net";
            records.put(address, std::string(whose) + " 550 5.1.1 No", Seconds{600});
            if (!relay) start_and_reach();
            Ask question(1, address);
            question.operators_own = operators_own;
            EXPECT_EQ(ask(question).reply.code, 250) << whose;
        }
}

TEST_F(RelayMemory, WhatTwoWorkersWereToldOfTwoNetworksIsConfirmed) {
    start_and_reach();
    const auto ask_from = [&](std::uint8_t network) {
        Ask question(1, "unknown@example.net");
        question.identity.address = IpAddress::v4({10, network, 0, 1});
        question.fast_lane = false;
        return ask(question);
    };
    EXPECT_EQ(ask_from(1).by, "mta");
    ASSERT_TRUE(run_until([&] { return records.of("unknown@example.net").starts_with("heard 10.1.0.0 "); }));
    start_another();
    EXPECT_EQ(ask_from(2).by, "mta");
    ASSERT_TRUE(run_until([&] { return records.of("unknown@example.net").starts_with("confirmed - 550 "); }));
    start_another();
    EXPECT_EQ(ask_from(3).by, "cache");
    EXPECT_EQ(mta.count("RCPT"), 2U);
}

TEST_F(RelayMemory, ItsOwnCacheComesFirst) {
    records.put("known@example.net", "confirmed - 250 2.1.5 Ok", Seconds{600});
    start_and_reach();
    EXPECT_EQ(ask(1, "known@example.net").by, "cache");
    EXPECT_EQ(records.questions, 1U);
    Ask again(2, "known@example.net");
    EXPECT_TRUE(relay->verify(again).has_value());
    EXPECT_EQ(records.questions, 1U);
    EXPECT_EQ(mta.count("RCPT"), 0U);
}

TEST_F(RelayMemory, WhatIsThereIsBelievedAsLongAsItLastsThere) {
    records.put("unknown@example.net", "confirmed - 250 2.1.5 Ok", Seconds{1});
    start_and_reach();
    EXPECT_EQ(ask(1, "unknown@example.net").reply.code, 250);
    records.now += 1000;
    run_for(Millis{1050});
    EXPECT_EQ(ask(1, "unknown@example.net").reply.code, 550);
    EXPECT_EQ(records.questions, 2U);
    EXPECT_EQ(mta.count("RCPT"), 1U);
}

TEST_F(RelayMemory, WhatIsAboutTheClientOrTheMomentIsNotShared) {
    start_and_reach();
    EXPECT_EQ(ask(1, "policy@example.net").reply.code, 554);
    EXPECT_EQ(ask(1, "later@example.net").reply.code, 450);
    EXPECT_EQ(ask(1, "known@example.net").reply.code, 250);
    ASSERT_TRUE(is_told("known@example.net", "own 192.0.2.0 250 2.1.5 Ok for 3600 s"));
    EXPECT_EQ(records.of("policy@example.net"), "");
    EXPECT_EQ(records.of("later@example.net"), "");
    // Nor is it taken from the memory, whichever process stored it.
    records.put("policy@example.net", "confirmed - 250 2.1.5 Ok", Seconds{0});
    records.put("later@example.net", "confirmed - 450 4.2.0 Later", Seconds{600});
    EXPECT_EQ(ask(2, "later@example.net").by, "mta");
    EXPECT_EQ(mta.count("RCPT"), 4U);
}

TEST_F(RelayMemory, ManyWhoAskTogetherAskOnce) {
    start_and_reach();
    for (const std::string address : {"known@example.net", "unknown@example.net"}) {
        std::vector<std::unique_ptr<Ask>> asks;
        for (unsigned host = 1; host <= 50; ++host) {
            asks.push_back(std::make_unique<Ask>(host, address));
            EXPECT_FALSE(relay->verify(*asks.back()).has_value());
        }
        asks[7].reset();  // a question that leaves changes nothing for the others
        asks[0].reset();
        ASSERT_TRUE(run_until(
            [&] { return std::ranges::all_of(asks, [](const auto& each) { return !each || each->got; }); }));
        EXPECT_EQ(asks.back()->code(), address == "known@example.net" ? 250 : 550);
    }
    EXPECT_EQ(records.questions, 2U);
    EXPECT_EQ(mta.count("RCPT"), 2U);
}

TEST_F(RelayMemory, WhoIsToldMayWithdrawTheOthers) {
    records.put("known@example.net", "confirmed - 250 2.1.5 Ok", Seconds{600});
    start_and_reach();
    Ask first(1, "known@example.net");
    auto second = std::make_unique<Ask>(2, "known@example.net");
    Ask third(3, "known@example.net");
    for (Ask* question : {&first, second.get(), &third})
        EXPECT_FALSE(relay->verify(*question).has_value());
    first.then = [&] { second.reset(); };
    ASSERT_TRUE(run_until([&] { return third.got.has_value(); }));
    EXPECT_EQ(first.code(), 250);
    EXPECT_EQ(third.code(), 250);
    EXPECT_EQ(mta.count("RCPT"), 0U);
}

TEST_F(RelayMemory, ASilentMemoryCostsItsDeadlineOnce) {
    connect(Millis{100});
    records.silent = true;
    start_and_reach();
    const Instant began = loop.now();
    EXPECT_EQ(ask(1, "known@example.net").by, "mta");
    EXPECT_GE(loop.now() - began, Millis{100});
    const Instant again = loop.now();
    EXPECT_EQ(ask(1, "unknown@example.net").reply.code, 550);
    EXPECT_LT(loop.now() - again, Millis{90});  // the memory is known to be slow
    EXPECT_EQ(mta.count("RCPT"), 2U);
}

TEST_F(RelayMemory, WhatADeliveryFindsOutIsTold) {
    options.verify.by = VerifyBy::mta;
    records.put("unknown2@example.net", "confirmed - 250 2.1.5 Ok", Seconds{600});
    records.put("later@example.net", "confirmed - 250 2.1.5 Ok", Seconds{600});
    start_and_reach();
    Send message(1, {"unknown2@example.net", "later@example.net"});
    EXPECT_EQ(send(message).reply.code, 451);
    EXPECT_TRUE(is_told("unknown2@example.net",
                        "own 192.0.2.0 550 5.1.1 Recipient address rejected: User unknown for 900 s"));
    EXPECT_TRUE(is_told("later@example.net", "disputed - 0  for 86400 s"));
}

TEST_F(RelayMemory, WhereTheMtaIsNotAskedNothingIsShared) {
    options.verify.by = VerifyBy::off;
    records.put("known@example.net", "confirmed - 550 5.1.1 No", Seconds{600});
    start_and_reach();
    EXPECT_EQ(ask(1, "known@example.net").by, "off");
    Send message(1, {"unknown@example.net"});
    EXPECT_EQ(send(message).reply.code, 550);
    EXPECT_EQ(ask(1, "unknown@example.net").reply.code, 550);  // the recipient is in doubt now
    run_for(Millis{50});
    EXPECT_EQ(records.questions, 0U);
    EXPECT_EQ(records.of("unknown@example.net"), "");
}

TEST_F(RelayMemory, WhereNothingIsRememberedNothingIsShared) {
    options.verify.positive_ttl = options.verify.negative_ttl = Seconds{0};
    records.put("unknown@example.net", "confirmed - 250 2.1.5 Ok", Seconds{600});
    start_and_reach();
    EXPECT_EQ(ask(1, "unknown@example.net").reply.code, 550);
    EXPECT_EQ(ask(1, "known@example.net").reply.code, 250);
    run_for(Millis{50});
    EXPECT_EQ(records.questions, 0U);
    EXPECT_EQ(records.of("known@example.net"), "");
}

TEST_F(RelayMemory, AnAddressTooLongToBeSharedIsAskedAbout) {
    start_and_reach();
    const std::string address = "known" + std::string(250, 'x') + "@example.net";
    EXPECT_EQ(ask(1, address).by, "mta");
    EXPECT_EQ(ask(1, address).by, "cache");
    EXPECT_EQ(records.questions, 0U);
}

TEST_F(RelayMemory, TheRelayMayEndWhileTheMemoryIsAsked) {
    records.silent = true;
    start_and_reach();
    Ask question(1, "known@example.net");
    EXPECT_FALSE(relay->verify(question).has_value());
    relay.reset();
    EXPECT_FALSE(question.pending());
    run_for(Millis{20});
    EXPECT_FALSE(question.got.has_value());
}

}  // namespace
}  // namespace sluice::relay
