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
    ASSERT_TRUE(apply_xclient("addr=ipv6:2001:db8::1 proto=smtp", identity));
    EXPECT_EQ(identity,
              (ClientIdentity{*IpAddress::parse("2001:db8::1"), 4711, "mail.example.org", "a b", false}));
    ASSERT_TRUE(apply_xclient("NAME=[UNAVAILABLE] PORT=[TEMPUNAVAIL] HELO=[unavailable]", identity));
    EXPECT_EQ(identity, (ClientIdentity{*IpAddress::parse("2001:db8::1"), 0, "", "", false}));
    ASSERT_TRUE(apply_xclient("ADDR=[UNAVAILABLE]", identity));
    EXPECT_EQ(identity.address, IpAddress());
}

TEST(Xclient, RefusesAllOrNothing) {
    const ClientIdentity before{*IpAddress::parse("192.0.2.1"), 1, "n", "h", true};
    for (const char* attributes : {
             "",
             "NAME",
             "NAME=",
             "NAME=x LOGIN=y",
             "NAME=x ADDR=2001:db8::1",
             "NAME=x ADDR=IPV6:192.0.2.1",
             "NAME=x ADDR=[IPV6:::1]",
             "NAME=x ADDR=example.org",
             "NAME=x PORT=65536",
             "NAME=x PORT=-1",
             "NAME=x PORT=1x",
             "NAME=x PROTO=HTTP",
             "NAME=x HELO=+",
             "NAME=x HELO=+G1",
             "NAME=x HELO=a=b",
             "NAME=x HELO=a+0D+0AX",
             "NAME=x HELO=a+00",
         }) {
        ClientIdentity identity = before;
        EXPECT_FALSE(apply_xclient(attributes, identity)) << attributes;
        EXPECT_EQ(identity, before) << attributes;
    }
}

}  // namespace
}  // namespace sluice::smtp
