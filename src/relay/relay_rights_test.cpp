// Tests for which clients an answer about a recipient holds, and for how long: against a real socket.

#include <string>

#include "relay/testing/relay_fixture.hpp"

namespace sluice::relay {
namespace {

/// Clients in networks of their own: 10.<network>.0.1.
class RelayVerifyNetworks : public RelayTest {
  protected:
    smtp::Answer ask_from(unsigned network, const std::string& address, bool fast_lane = true,
                          bool operators_own = false) {
        Ask question(1, address);
        question.identity.address = IpAddress::v4({10, static_cast<std::uint8_t>(network), 0, 1});
        question.fast_lane = fast_lane;
        question.operators_own = operators_own;
        return ask(question);
    }
    static constexpr bool slow = false;
};

TEST_F(RelayVerifyNetworks, WhatOneIsToldIsNoOthers) {
    start_and_reach();
    for (const unsigned network : {1U, 2U, 3U}) {
        EXPECT_EQ(ask_from(network, "unknown@example.net").by, "mta");
        EXPECT_EQ(ask_from(network, "known@example.net").by, "mta");
        EXPECT_EQ(ask_from(network, "unknown@example.net").by, "cache");
        EXPECT_EQ(ask_from(network, "known@example.net").by, "cache");
    }
}

TEST_F(RelayVerifyNetworks, WhatTwoSuspectsWereToldOthersAre) {
    start_and_reach();
    for (const char* address : {"unknown@example.net", "known@example.net"}) {
        EXPECT_EQ(ask_from(1, address, slow).by, "mta");
        EXPECT_EQ(ask_from(2, address, slow).by, "mta");
        EXPECT_EQ(ask_from(3, address, slow).by, "cache");
        EXPECT_EQ(ask_from(3, address, slow).by, "cache");
        EXPECT_EQ(ask_from(4, address, true, true).by, "mta") << "the operator's own";
    }
    EXPECT_EQ(ask_from(5, "known@example.net").by, "cache");
    const smtp::Answer own = ask_from(5, "unknown@example.net");
    EXPECT_EQ(own.by, "mta") << "nothing speaks against it: the MTA has the word";
}

TEST_F(RelayVerifyNetworks, WhatDependsOnWhoAsksIsAskedForEach) {
    std::string client;
    mta.script = [&](const ScriptedMta::Moment& moment) -> std::optional<std::string> {
        if (moment.verb == "XCLIENT") client = moment.line.substr(moment.line.find("ADDR=") + 5);
        const bool insider = client.starts_with("10.9.");
        if (moment.verb == "RCPT" && insider) return "250 2.1.5 Ok";
        return std::nullopt;
    };
    start_and_reach();
    EXPECT_EQ(ask_from(1, "unknown@example.net", slow).reply.code, 550);
    EXPECT_EQ(ask_from(2, "unknown@example.net", slow).reply.code, 550);
    EXPECT_EQ(ask_from(3, "unknown@example.net", slow).by, "cache");
    EXPECT_EQ(ask_from(9, "unknown@example.net").reply.code, 250);
    EXPECT_EQ(ask_from(4, "unknown@example.net", slow).by, "mta");
    EXPECT_EQ(ask_from(4, "unknown@example.net", slow).reply.code, 550);
    EXPECT_EQ(ask_from(5, "unknown@example.net").reply.code, 550);
}

TEST_F(RelayVerifyNetworks, WhatADeliveryContradictsIsAskedForEach) {
    start_and_reach();
    EXPECT_EQ(ask_from(1, "a@example.net", slow).by, "mta");
    EXPECT_EQ(ask_from(2, "a@example.net", slow).by, "mta");
    EXPECT_EQ(ask_from(3, "a@example.net").by, "cache");
    mta.script = always("RCPT", "450 4.7.1 Not you");
    Send message(1, {"a@example.net"});
    message.identity.address = IpAddress::v4({10, 3, 0, 1});
    EXPECT_EQ(send(message).reply.code, 451);
    mta.script = {};
    for (const unsigned network : {3U, 4U, 5U})
        EXPECT_EQ(ask_from(network, "a@example.net", slow).by, "mta");
}

TEST_F(RelayVerifyNetworks, OfDifferentNetworksEachIsAskedForAtOnce) {
    options.pool.connections_max = 8;
    start_and_reach();
    mta.script = at("RCPT", ScriptedMta::hang);
    Ask first(1, "known@example.net");
    Ask second(1, "known@example.net");
    second.identity.address = IpAddress::v4({10, 1, 0, 1});
    EXPECT_FALSE(relay->verify(first).has_value());
    ASSERT_TRUE(run_until([&] { return mta.count("RCPT") == 1; }));
    EXPECT_EQ(ask(second).reply.code, 250);  // it does not wait for the other client's answer
}

/// Connections that were opened before a mailbox was created do not know of it, as with Postfix.
class RelayVerifyOldConnections : public RelayTest {
  protected:
    void grow_old() {
        options.pool.connections_min = 1;
        mta.script = [](const ScriptedMta::Moment& moment) -> std::optional<std::string> {
            if (moment.verb == "RCPT" && moment.connection == 1 &&
                moment.line.find("new") != std::string::npos)
                return "550 5.1.1 User unknown";
            return std::nullopt;
        };
        start_and_reach();
        run_for(Millis{5100});
    }
};

TEST_F(RelayVerifyOldConnections, UnknownIsAskedAgainOnANewOne) {
    grow_old();
    EXPECT_EQ(ask(1, "new@example.net").reply.code, 250);
    EXPECT_EQ(mta.accepted, 2U);
    EXPECT_EQ(ask(2, "new@example.net").by, "cache");
    // On the new connection there is no doubt for some seconds.
    EXPECT_EQ(ask(1, "unknown@example.net").reply.code, 550);
    EXPECT_EQ(ask(1, "unknown2@example.net").reply.code, 550);
    EXPECT_EQ(mta.accepted, 2U);
    EXPECT_EQ(mta.count("RCPT TO:<unknown2@example.net>"), 1U);
}

TEST_F(RelayVerifyOldConnections, AMessageIsNotRefusedForIt) {
    options.verify.by = VerifyBy::off;
    grow_old();
    Send message(1, {"a@example.net", "new@example.net"});
    EXPECT_EQ(send(message).reply.code, 250);
    Send refused(1, {"unknown@example.net"});
    EXPECT_EQ(send(refused).reply.code, 550);
    EXPECT_EQ(mta.delivered.size(), 1U);
}

TEST_F(RelayVerifyOldConnections, ItIsAskedAgainWhereTheOldOneIsAllThereMayBe) {
    options.pool.connections_max = 1;
    grow_old();
    EXPECT_EQ(ask(1, "new@example.net").reply.code, 250);
    EXPECT_EQ(relay->counts().connections, 1U);
}

}  // namespace
}  // namespace sluice::relay
