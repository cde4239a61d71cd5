#include "policy/client_name.hpp"

#include <gtest/gtest.h>

namespace sluice::policy {
namespace {

TEST(ClientName, Table) {
    constexpr std::string_view v4 = "192.0.2.71";
    constexpr std::string_view v6 = "2001:db8::a1b2:c3d4:5:71";
    struct Case {
        std::string_view client;
        std::string_view name;
        bool dynamic;
    };
    const Case cases[] = {
        // the address and a word for customers
        {v4, "192-0-2-71.dyn.isp.example", true},
        {v4, "192.0.2.71.dynamic.isp.example", true},
        {v4, "71-2-0-192.adsl.isp.example", true},
        {v4, "71.2.0.192.dsl.isp.example", true},
        {v4, "dhcp-192-000-002-071.isp.example", true},
        {v4, "host192000002071.pool.isp.example", true},
        {v4, "071002000192.pool7.isp.example", true},
        {v4, "pC0000247.dip0.isp.example", true},
        {v4, "470200c0.cable.isp.example", true},
        {v4, "c-2-71.hsd1.cable.isp.example", true},
        {v4, "71-2.ppp.isp.example", true},
        {v4, "POOL-192-0-2-71.ISP.example", true},
        {v4, "cpe-192-0-2-71.isp.example", true},
        {v4, "dynamicip-192-0-2-71.isp.example", true},
        {v4, "ip192-0-2-71.home.isp.example", true},
        // only one of the two
        {v4, "192-0-2-71.isp.example", false},
        {v4, "ec2-192-0-2-71.compute.example", false},
        {v4, "pool.isp.example", false},
        {v4, "pool-7.isp.example", false},
        {v4, "dyn-192-0-2-72.isp.example", false},
        {v4, "dyn-192-0-1-71.isp.example", false},
        {v4, "dyn-2-0-71.isp.example", false},
        {v4, "dyn-2071.isp.example", false},
        {v4, "dyn-c0000248.isp.example", false},
        {v4, "71.isp-pool.example", false},
        {v4, "dynamo-192-0-2-71.example", false},
        // servers, whatever digits their names contain
        {v4, "mail.example.org", false},
        {v4, "mail-192-0-2-71.pool.isp.example", false},
        {v4, "mx71.pool.example.org", false},
        {v4, "smtp-2-71.home.example.org", false},
        {v4, "out2-71.client.example", false},
        {v4, "mta-192-0-2-71.customers.example", false},
        {v4, "static-192-0-2-71.pool.isp.example", false},
        {v4, "192-0-2-71.static.dsl.isp.example", false},
        {v4, "static.71.2.0.192.clients.host.example", false},
        {v4, "192-0-2-71.business.cable.isp.example", false},
        {v4, "", false},
        {v4, "...", false},
        {v4, "-", false},
        {v4, "99999999999999999999.pool.example", false},
        // IPv6
        {v6, "20010db800000000a1b2c3d400050071.dyn.isp.example", true},
        {v6, "2001-db8--a1b2-c3d4-5-71.pool.isp.example", true},
        {v6, "2001-0db8-0000-0000-a1b2-c3d4-0005-0071.pool.isp.example", true},
        {v6, "a1b2-c3d4-0005-0071.dsl.isp.example", true},
        {v6, "1.7.0.0.5.0.0.0.4.d.3.c.2.b.1.a.0.0.0.0.8.b.d.0.1.0.0.2.dyn.isp.example", true},
        {v6, "a1b2-c3d4-0005-0072.dsl.isp.example", false},
        {v6, "a1b2-c3d4-0005-0071.isp.example", false},
        {v6, "mx.a1b2c3d400050071.dsl.isp.example", false},
    };
    for (const Case& c : cases)
        EXPECT_EQ(looks_dynamic(c.name, IpAddress::parse(c.client).value()), c.dynamic) << c.name;
}

TEST(ClientName, ThisHostIsNoNeighbour) {
    for (const char* here : {"127.0.0.1", "::1"})
        EXPECT_TRUE(is_this_host(IpAddress::parse(here).value())) << here;
    for (const char* elsewhere : {"127.0.0.2", "::2", "192.0.2.1", "0.0.0.0", "::"})
        EXPECT_FALSE(is_this_host(IpAddress::parse(elsewhere).value())) << elsewhere;
}

}  // namespace
}  // namespace sluice::policy
