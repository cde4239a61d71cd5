#include "smtp/xclient_attributes.hpp"

#include <gtest/gtest.h>

namespace sluice::smtp {
namespace {

TEST(Xclient, SetsWhatIsNamedAndKeepsTheRest) {
    ClientIdentity identity;
    ASSERT_TRUE(
        apply_xclient("NAME=mail.example.org ADDR=192.0.2.1 PORT=4711 PROTO=ESMTP HELO=a+20b", identity));
    EXPECT_EQ(identity,
              (ClientIdentity{*IpAddress::parse("192.0.2.1"), 4711, "mail.example.org", "a b", true}));
    ASSERT_TRUE(apply_xclient("addr=ipv6:2001:db8::1 proto=smtp helo=c", identity));
    EXPECT_EQ(identity,
              (ClientIdentity{*IpAddress::parse("2001:db8::1"), 4711, "mail.example.org", "c", false}));
    ASSERT_TRUE(apply_xclient("NAME=[TEMPUNAVAIL] PORT=[TEMPUNAVAIL] HELO=[unavailable]", identity));
    EXPECT_EQ(identity, (ClientIdentity{*IpAddress::parse("2001:db8::1"), 0, "", "", false}));
    ASSERT_TRUE(apply_xclient("ADDR=[UNAVAILABLE]", identity));
    EXPECT_EQ(identity.address, IpAddress());
}

TEST(Xclient, HearsOfNamesAndTheDestination) {
    ClientIdentity identity;
    ASSERT_TRUE(apply_xclient(
        "REVERSE_NAME=r.example NAME=[UNAVAILABLE] DESTADDR=IPV6:2001:db8::2 DESTPORT=25", identity));
    EXPECT_EQ(identity.reverse_name, "r.example");
    EXPECT_FALSE(identity.reverse_name_absent);
    EXPECT_TRUE(identity.name_absent);
    EXPECT_EQ(identity.destination, *IpAddress::parse("2001:db8::2"));
    EXPECT_EQ(identity.destination_port, 25);
    ASSERT_TRUE(
        apply_xclient("REVERSE_NAME=[TEMPUNAVAIL] NAME=[TEMPUNAVAIL] DESTPORT=[UNAVAILABLE]", identity));
    EXPECT_FALSE(identity.name_absent || identity.reverse_name_absent);
    EXPECT_EQ(identity.destination_port, 0);
}

TEST(Xclient, ForgetsHeloAndProtocol) {
    ClientIdentity identity;
    ASSERT_TRUE(apply_xclient("HELO=h PROTO=ESMTP", identity));
    ASSERT_TRUE(apply_xclient("ADDR=192.0.2.2", identity));
    EXPECT_EQ(identity.helo, "");
    EXPECT_FALSE(identity.esmtp);
}

TEST(Xclient, LosesWhatAMarkSwallows) {
    const ClientIdentity before{*IpAddress::parse("192.0.2.1"), 1, "n", "h", true};
    for (const char* helo : {"a\"", "\"", "<", "a<b", "<\"", "\"<>"}) {
        ClientIdentity identity = before;
        const std::string swallowed = std::string("HELO=") + helo + " PROTO=ESMTP ADDR=192.0.2.99";
        ASSERT_TRUE(apply_xclient(swallowed, identity)) << helo;
        EXPECT_EQ(identity.address, before.address) << helo;
        EXPECT_EQ(identity.helo, swallowed.substr(5)) << helo;
    }
    ClientIdentity identity = before;
    ASSERT_TRUE(apply_xclient("HELO=a\\ PROTO=ESMTP ADDR=192.0.2.99", identity));
    EXPECT_EQ(identity.helo, "a\\ PROTO=ESMTP");
    EXPECT_EQ(identity.address, *IpAddress::parse("192.0.2.99"));
    ASSERT_TRUE(apply_xclient("ADDR=192.0.2.3 HELO=(a[b{c'd>", identity));
    EXPECT_EQ(identity.address, *IpAddress::parse("192.0.2.3"));
}

TEST(Xclient, TakesWhatIsNoXtextAsItIs) {
    ClientIdentity identity;
    ASSERT_TRUE(apply_xclient("HELO=a+2", identity));
    EXPECT_EQ(identity.helo, "a+2");
    ASSERT_TRUE(apply_xclient("HELO=a=b", identity));
    EXPECT_EQ(identity.helo, "a=b");
    ASSERT_TRUE(apply_xclient("HELO=a+0D+0AX", identity));
    EXPECT_EQ(identity.helo, "a??X") << "no line may be hidden in a Received header";
    ASSERT_TRUE(apply_xclient("HELO=" + std::string(255, 'x'), identity));
    EXPECT_EQ(identity.helo.size(), 255U);
}

TEST(Xclient, WhatStandsBeforeABadAttributeIsInForce) {
    for (const std::string bad :
         {"NAME", "NAME=", "LOGIN=y", "ADDR=2001:db8::1", "ADDR=IPV6:192.0.2.1", "ADDR=[IPV6:::1]",
          "ADDR=example.org", "PORT=65536", "PORT=-1", "PORT=1x", "PROTO=HTTP", "\"NAME=x\""}) {
        ClientIdentity identity{*IpAddress::parse("192.0.2.1"), 1, "n", "h", true};
        EXPECT_FALSE(apply_xclient("ADDR=192.0.2.99 " + bad + " PORT=2", identity)) << bad;
        EXPECT_EQ(identity.address, *IpAddress::parse("192.0.2.99")) << bad;
        EXPECT_EQ(identity.port, 1) << bad;
        EXPECT_EQ(identity.helo, "h") << bad;
    }
    ClientIdentity identity;
    EXPECT_FALSE(apply_xclient("", identity));
    EXPECT_FALSE(apply_xclient("HELO=" + std::string(256, 'x'), identity));
}

}  // namespace
}  // namespace sluice::smtp
