#include "policy/dns_list.hpp"

#include <gtest/gtest.h>

namespace sluice::policy {
namespace {

IpAddress address(std::string_view text) {
    return IpAddress::parse(text).value();
}

TEST(DnsList, QueryNames) {
    // RFC 5782 2.1 and 2.4; the IPv6 name is the example of 2.4.
    EXPECT_EQ(query_name(address("192.0.2.99"), "bad.example.com"), "99.2.0.192.bad.example.com");
    EXPECT_EQ(query_name(address("127.0.0.2"), "z"), "2.0.0.127.z");
    EXPECT_EQ(query_name(address("2001:db8:1:2:3:4:567:89ab"), "ugly.example.com"),
              "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ugly.example.com");
    EXPECT_EQ(query_name(address("::ffff:192.0.2.99"), "z"), "99.2.0.192.z");
}

TEST(DnsList, ReturnCodes) {
    struct Case {
        const char* codes;
        const char* answer;
        bool contained;
    };
    const Case cases[] = {
        {"127.0.0.2", "127.0.0.2", true},
        {"127.0.0.2", "127.0.0.3", false},
        {"127.0.0.2-11", "127.0.0.1", false},
        {"127.0.0.2-11", "127.0.0.2", true},
        {"127.0.0.2-11", "127.0.0.11", true},
        {"127.0.0.2-11", "127.0.0.12", false},
        {"127.0.0-255.4", "127.0.200.4", true},
        {"127.0.0-255.4", "127.0.200.5", false},
        {"127.0.0-255.4", "127.1.200.4", false},
        {"127.1-2.3-4.5-6", "127.2.3.6", true},
        {"127.0-255.0-255.0-255", "128.0.0.2", false},
        {"127.0-255.0-255.0-255", "2001:db8::2", false},
        {"127.0.0.0", "127.0.0.0", true},
        {"127.255.255.255", "127.255.255.255", true},
    };
    for (const Case& c : cases) {
        const auto codes = ReturnCodes::parse(c.codes);
        ASSERT_TRUE(codes) << c.codes;
        EXPECT_EQ(codes->contains(address(c.answer)), c.contained) << c.codes << " " << c.answer;
    }
    for (const char* text :
         {"", "127", "127.", "127.0.0", "127.0.0.", "127.0.0.2.3", "128.0.0.2", "127.0.0.256", "127.0.0.-2",
          "127.0.0.2-", "127.0.0.11-2", "127.0.0.2-11-12", "127.0.0.02", "127.0.0.+2", " 127.0.0.2",
          "127.0.0.2 ", "127-128.0.0.2", "127.0.0.x", "127...2"})
        EXPECT_FALSE(ReturnCodes::parse(text)) << text;
}

TEST(DnsList, Interpretation) {
    struct Case {
        const char* what;
        std::vector<const char*> accept, answers;
        Listing listing;
        const char* value = "";
    };
    const Case cases[] = {
        {"no records", {}, {}, Listing::not_listed},
        {"any code", {}, {"127.0.0.2"}, Listing::listed, "127.0.0.2"},
        {"any code far up", {}, {"127.255.254.255"}, Listing::listed, "127.255.254.255"},
        {"several, in order", {}, {"127.0.0.10", "127.0.0.4"}, Listing::listed, "127.0.0.4,127.0.0.10"},
        {"accepted", {"127.0.0.2-3", "127.0.0.10"}, {"127.0.0.10"}, Listing::listed, "127.0.0.10"},
        {"not accepted", {"127.0.0.2-3"}, {"127.0.0.10"}, Listing::not_listed},
        {"one of two accepted", {"127.0.0.2-3"}, {"127.0.0.10", "127.0.0.3"}, Listing::listed, "127.0.0.3"},
        {"refuses to serve us", {}, {"127.255.255.254"}, Listing::list_error},
        {"refuses, and codes accept it", {"127.255.255.0-255"}, {"127.255.255.252"}, Listing::list_error},
        {"error among good ones", {}, {"127.0.0.2", "127.255.255.255"}, Listing::list_error},
        {"domain taken over", {}, {"203.0.113.7"}, Listing::list_error},
        {"domain taken over, among good ones",
         {},
         {"127.0.0.2", "203.0.113.7", "127.0.0.3"},
         Listing::list_error},
        {"an IPv6 answer", {}, {"::1"}, Listing::list_error},
        {"just outside", {}, {"126.0.0.2"}, Listing::list_error},
    };
    for (const Case& c : cases) {
        DnsListOptions list{.zone = "bl.example", .weight = 3, .allow = false, .accept = {}};
        for (const char* codes : c.accept)
            list.accept.push_back(ReturnCodes::parse(codes).value());
        std::vector<IpAddress> answers;
        answers.reserve(c.answers.size());
        for (const char* answer : c.answers)
            answers.push_back(address(answer));
        const auto opinion = interpret(list, answers);
        EXPECT_EQ(opinion.listing, c.listing) << c.what;
        ASSERT_EQ(opinion.signals.size(), c.listing == Listing::listed ? 1U : 0U) << c.what;
        EXPECT_EQ(opinion.error.empty(), c.listing != Listing::list_error) << c.what;
        if (opinion.signals.empty()) continue;
        EXPECT_EQ(opinion.signals[0].value, c.value) << c.what;
        EXPECT_EQ(opinion.signals[0].name, "dnsbl");
        EXPECT_EQ(opinion.signals[0].what, "bl.example");
        EXPECT_EQ(opinion.signals[0].weight, 3);
    }
}

TEST(DnsList, KeyOfAZoneIsNotShown) {
    const DnsListOptions list{.zone = "0123key.bl.example", .shown_as = "bl.example"};
    const IpAddress answers[] = {address("127.0.0.2")};
    EXPECT_EQ(interpret(list, answers).signals.at(0).what, "bl.example");
    EXPECT_EQ(shown_name({.zone = "bl.example"}), "bl.example");
}

TEST(DnsList, AllowListsSpeakForTheClient) {
    const DnsListOptions list{.zone = "wl.example", .weight = 5, .allow = true, .accept = {}};
    const IpAddress answers[] = {address("127.0.10.2")};
    const auto opinion = interpret(list, answers);
    ASSERT_EQ(opinion.signals.size(), 1U);
    EXPECT_EQ(opinion.signals[0].name, "dnswl");
    EXPECT_EQ(opinion.signals[0].weight, -5);
}

TEST(DnsList, AWeightOfZeroIsToldAndCountsNothing) {
    for (const bool allow : {false, true}) {
        const DnsListOptions list{.zone = "l.example", .weight = 0, .allow = allow};
        const IpAddress answers[] = {address("127.0.0.2")};
        const auto opinion = interpret(list, answers);
        ASSERT_EQ(opinion.signals.size(), 1U);
        EXPECT_EQ(opinion.signals[0].name, allow ? "dnswl" : "dnsbl");
        EXPECT_EQ(opinion.signals[0].weight, 0);
    }
}

TEST(ReturnCodes, Overlap) {
    const struct {
        const char* one;
        const char* other;
        bool overlap;
    } cases[] = {
        {"127.0.0.2", "127.0.0.2", true},        {"127.0.0.2-5", "127.0.0.5-9", true},
        {"127.0.0.2-5", "127.0.0.6-9", false},   {"127.0.*.2", "127.0.7.1-3", true},
        {"127.0.1.2", "127.0.2.2", false},       {"127.0.0.0-255", "127.0.0.9", true},
        {"127.0.0-3.9", "127.0.4-255.9", false},
    };
    for (const auto& one : cases) {
        const auto first = ReturnCodes::parse(one.one);
        const auto second = ReturnCodes::parse(one.other);
        ASSERT_TRUE(first && second);
        EXPECT_EQ(first->overlaps(*second), one.overlap) << one.one << ' ' << one.other;
        EXPECT_EQ(second->overlaps(*first), one.overlap) << one.other << ' ' << one.one;
    }
    EXPECT_FALSE(ReturnCodes::parse("*.0.0.2"));
    EXPECT_FALSE(ReturnCodes::parse("127.0.0.**"));
    EXPECT_FALSE(ReturnCodes::parse("127.0.0.*-3"));
}

}  // namespace
}  // namespace sluice::policy
