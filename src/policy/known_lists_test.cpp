#include "policy/known_lists.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace sluice::policy {
namespace {

ListOpinion opinion_of(const DnsListOptions& list, const std::vector<const char*>& answers) {
    std::vector<IpAddress> addresses;
    for (const char* answer : answers)
        addresses.push_back(IpAddress::parse(answer).value());
    return interpret(list, addresses);
}

/// An opinion as text: "dnsbl 10 127.0.0.2 (…); dnswl -5 …", "error …", or "" for no opinion.
std::string told(const ListOpinion& opinion) {
    if (opinion.listing == Listing::list_error) return "error " + opinion.error;
    std::string text;
    for (const Signal& signal : opinion.signals)
        text += (text.empty() ? "" : "; ") + std::string(signal.name) + ' ' + std::to_string(signal.weight) +
                ' ' + signal.value;
    return text;
}

DnsListOptions only_zone(const char* zone, bool allow = false) {
    DnsListOptions list{.zone = zone, .allow = allow};
    fill_in_known(list, false);
    return list;
}

TEST(KnownLists, AreWellFormed) {
    for (const KnownList& list : known_lists()) {
        EXPECT_FALSE(list.terms.empty() || list.source.empty() || list.seen.empty()) << list.zone;
        std::vector<ReturnCodes> seen;
        for (const KnownCode& code : list.codes) {
            const auto parsed = ReturnCodes::parse(code.codes);
            ASSERT_TRUE(parsed) << list.zone << ' ' << code.codes;
            for (const ReturnCodes& before : seen)
                EXPECT_FALSE(parsed->overlaps(before)) << list.zone << ' ' << code.codes;
            seen.push_back(*parsed);
            EXPECT_FALSE(code.words.empty() || code.words.contains('|')) << list.zone;
            EXPECT_EQ(code.says == CodeMeaning::Says::error && code.weight != 0, false);
        }
    }
}

TEST(KnownLists, AreFoundByTheirZone) {
    EXPECT_EQ(known_list("zen.spamhaus.org")->zone, "zen.spamhaus.org");
    EXPECT_EQ(known_list("ZEN.Spamhaus.org")->zone, "zen.spamhaus.org");
    EXPECT_EQ(known_list("0123key.zen.dq.spamhaus.net")->zone, "zen.dq.spamhaus.net");
    EXPECT_EQ(known_list("zen.dq.spamhaus.net"), nullptr);
    EXPECT_EQ(known_list("a.b.zen.dq.spamhaus.net"), nullptr);
    EXPECT_EQ(known_list("key-zen.dq.spamhaus.net"), nullptr);
    EXPECT_EQ(known_list("bl.example.org"), nullptr);
    EXPECT_EQ(known_list(""), nullptr);
}

struct OpinionCase {
    const char* zone;
    bool allow;
    std::vector<const char*> answers;
    const char* told;
};

TEST(KnownLists, FillInWhatOnlyAZoneLeavesOpen) {
    const OpinionCase cases[] = {
        {"zen.spamhaus.org", false, {"127.0.0.2"}, "dnsbl 10 127.0.0.2 (SBL: a source or supporter of spam)"},
        {"zen.spamhaus.org", false, {"127.0.0.1"}, ""},
        {"zen.spamhaus.org", false, {"127.0.0.77"}, ""},
        {"zen.spamhaus.org",
         false,
         {"127.255.255.254"},
         "error 127.255.255.254 (asked through a public resolver)"},
        {"list.dnswl.org", true, {"127.0.10.3"}, "dnswl -10 127.0.10.3 (trust: high)"},
        {"list.dnswl.org", true, {"127.0.5.1"}, "dnswl -2 127.0.5.1 (trust: low)"},
        {"list.dnswl.org", true, {"127.0.5.0"}, "dnswl 0 127.0.5.0 (trust: none)"},
        {"list.dnswl.org", true, {"127.0.0.255"}, "error 127.0.0.255 (over quota)"},
        {"list.dnswl.org", true, {"127.0.10.255"}, "error 127.0.10.255 (over quota)"},
        {"list.dnswl.org", true, {"127.0.5.4"}, ""},
        // A known list in the wrong option keeps the meaning of its codes.
        {"list.dnswl.org", false, {"127.0.10.3"}, "dnswl -10 127.0.10.3 (trust: high)"},
        {"rep.mailspike.net", false, {"127.0.0.10"}, "dnsbl 10 127.0.0.10 (L5: worst reputation)"},
        {"rep.mailspike.net", false, {"127.0.0.20"}, "dnswl -5 127.0.0.20 (H5: excellent reputation)"},
        {"rep.mailspike.net", true, {"127.0.0.20"}, "dnswl -5 127.0.0.20 (H5: excellent reputation)"},
        {"rep.mailspike.net",
         false,
         {"127.0.0.20", "127.0.0.13", "127.0.0.17", "127.0.0.11"},
         "dnsbl 10 127.0.0.11 (L4: very bad reputation),127.0.0.13 (L2: suspicious); "
         "dnswl -5 127.0.0.17 (H2: possibly good),127.0.0.20 (H5: excellent reputation)"},
        {"bl.example.org", false, {"127.0.0.77"}, "dnsbl 10 127.0.0.77"},
        {"wl.example.org", true, {"127.0.0.255"}, "dnswl -10 127.0.0.255"},
    };
    for (const OpinionCase& one : cases)
        EXPECT_EQ(told(opinion_of(only_zone(one.zone, one.allow), one.answers)), one.told) << one.zone;
}

TEST(KnownLists, TheOperatorsCodesWin) {
    DnsListOptions list{.zone = "list.dnswl.org", .allow = true};
    list.codes.push_back({.codes = *ReturnCodes::parse("127.0.*.2"), .weight = -7});
    list.only_codes = true;
    fill_in_known(list, false);
    EXPECT_EQ(told(opinion_of(list, {"127.0.9.2"})), "dnswl -7 127.0.9.2 (trust: medium)");
    EXPECT_EQ(told(opinion_of(list, {"127.0.9.3"})), "");
    EXPECT_EQ(told(opinion_of(list, {"127.0.0.255"})), "error 127.0.0.255 (over quota)");

    DnsListOptions stubborn{.zone = "list.dnswl.org", .allow = true};
    stubborn.codes.push_back({.codes = *ReturnCodes::parse("127.0.0.255"), .weight = -1});
    stubborn.only_codes = true;
    fill_in_known(stubborn, false);
    EXPECT_EQ(told(opinion_of(stubborn, {"127.0.0.255"})), "dnswl -1 127.0.0.255 (over quota)");
}

TEST(KnownLists, TheOperatorsWeightIsThatOfEveryCode) {
    DnsListOptions list{.zone = "list.dnswl.org", .weight = 3, .allow = true};
    fill_in_known(list, true);
    EXPECT_EQ(told(opinion_of(list, {"127.0.9.0"})), "dnswl -3 127.0.9.0 (trust: none)");
    EXPECT_EQ(told(opinion_of(list, {"127.0.9.9"})), "dnswl -3 127.0.9.9");  // as without a table
    EXPECT_EQ(told(opinion_of(list, {"127.0.0.255"})), "error 127.0.0.255 (over quota)");

    DnsListOptions mixed{.zone = "rep.mailspike.net", .weight = 4};
    fill_in_known(mixed, true);
    EXPECT_EQ(told(opinion_of(mixed, {"127.0.0.10"})), "dnsbl 4 127.0.0.10 (L5: worst reputation)");
    EXPECT_EQ(told(opinion_of(mixed, {"127.0.0.20"})), "") << "it speaks the other way";
}

TEST(KnownLists, TheOperatorsAcceptStays) {
    DnsListOptions list{.zone = "zen.spamhaus.org", .accept = {*ReturnCodes::parse("127.0.0.10-77")}};
    fill_in_known(list, false);
    EXPECT_EQ(told(opinion_of(list, {"127.0.0.2"})), "");
    EXPECT_EQ(told(opinion_of(list, {"127.0.0.77"})), "dnsbl 10 127.0.0.77");
    EXPECT_EQ(told(opinion_of(list, {"127.0.0.10", "127.0.0.2"})),
              "dnsbl 10 127.0.0.10 (PBL: by its provider's word no mail server)");
}

}  // namespace
}  // namespace sluice::policy
