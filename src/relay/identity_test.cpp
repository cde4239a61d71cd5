#include "relay/identity.hpp"

#include <functional>
#include <gtest/gtest.h>

namespace sluice::relay {
namespace {

smtp::ClientIdentity client() {
    return {IpAddress::parse("192.0.2.7").value_or(IpAddress()), 50000, "name.example", "helo.example", true};
}

struct ChangeCase {
    const char* what;
    std::function<void(smtp::ClientIdentity&)> change;
    bool new_to_xclient;
    bool new_to_proxy;
};

class Changes : public testing::TestWithParam<ChangeCase> {};

TEST_P(Changes, AreANewIdentityExactlyWhereTheyAreSent) {
    const wire::XclientAttributes attributes =
        wire::XclientAttributes::parse("NAME ADDR PORT PROTO HELO REVERSE_NAME DESTADDR DESTPORT");
    const net::Endpoint mta = net::Endpoint::parse("127.0.0.1:10025").value_or(net::Endpoint());
    smtp::ClientIdentity other = client();
    GetParam().change(other);
    EXPECT_EQ(xclient_introduction(client(), attributes) != xclient_introduction(other, attributes),
              GetParam().new_to_xclient);
    EXPECT_EQ(proxy_introduction(client(), mta) != proxy_introduction(other, mta), GetParam().new_to_proxy);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Changes,
    testing::Values(
        ChangeCase{"nothing", [](smtp::ClientIdentity&) {}, false, false},
        ChangeCase{
            "address",
            [](smtp::ClientIdentity& c) { c.address = IpAddress::parse("192.0.2.8").value_or(IpAddress()); },
            true, true},
        ChangeCase{"port", [](smtp::ClientIdentity& c) { c.port = 50001; }, true, true},
        ChangeCase{"name", [](smtp::ClientIdentity& c) { c.name = ""; }, true, false},
        ChangeCase{"name_absent",
                   [](smtp::ClientIdentity& c) {
                       c.name = "";
                       c.name_absent = true;
                   },
                   true, false},
        ChangeCase{"reverse_name", [](smtp::ClientIdentity& c) { c.reverse_name = "r"; }, true, false},
        ChangeCase{"reverse_name_absent", [](smtp::ClientIdentity& c) { c.reverse_name_absent = true; }, true,
                   false},
        ChangeCase{"destination", [](smtp::ClientIdentity& c) { c.destination_port = 25; }, true, false},
        ChangeCase{"helo", [](smtp::ClientIdentity& c) { c.helo = "other.example"; }, true, true},
        ChangeCase{"esmtp", [](smtp::ClientIdentity& c) { c.esmtp = false; }, true, false}),
    [](const auto& change) { return change.param.what; });

TEST(Introduction, CoversTheHeloNameThoughXclientDoesNot) {
    // The HELO name is sent in the EHLO after XCLIENT.
    smtp::ClientIdentity other = client();
    other.helo = "other.example";
    const wire::XclientAttributes attributes = wire::XclientAttributes::parse("ADDR");
    EXPECT_NE(xclient_introduction(client(), attributes), xclient_introduction(other, attributes));
}

}  // namespace
}  // namespace sluice::relay
