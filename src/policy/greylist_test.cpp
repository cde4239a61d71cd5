#include "policy/greylist.hpp"

#include <gtest/gtest.h>
#include <map>
#include <vector>

namespace sluice::policy {
namespace {

using namespace std::chrono_literals;
using What = GreylistAnswer::What;

TEST(Greylist, RegisteredDomain) {
    struct Case {
        std::string_view name, domain;
    };
    for (const Case& c : {Case{"mail.example.org", "example.org"}, Case{"a.b.example.org.", "example.org"},
                          Case{"example.org", "example.org"}, Case{"localhost", "localhost"}, Case{"", ""},
                          Case{"mx1.example.co.uk", "example.co.uk"}, Case{"co.uk", "co.uk"},
                          Case{"mx.example.com.au", "example.com.au"}, Case{"mx.orange.fr", "orange.fr"},
                          Case{"mx.gmx.net", "gmx.net"}})
        EXPECT_EQ(registered_domain(c.name), c.domain) << c.name;
}

TEST(Greylist, DomainOfASender) {
    EXPECT_EQ(greylist_domain("Someone@Example.ORG"), "example.org");
    EXPECT_EQ(greylist_domain("\"a@b\"@example.org"), "example.org");
    EXPECT_EQ(greylist_domain(""), "");
    EXPECT_EQ(greylist_domain("postmaster"), "postmaster");
}

TEST(Greylist, OriginIsADomainOrANetwork) {
    const auto v4 = IpAddress::parse("192.0.2.77").value();
    const auto v6 = IpAddress::parse("2001:db8:1:2:3::4").value();
    EXPECT_EQ(greylist_origin(v4, "out-7.Mail.Example.org", false), "example.org");
    EXPECT_EQ(greylist_origin(v4, "dsl-192-0-2-77.example.org", true), "192.0.2.0");
    EXPECT_EQ(greylist_origin(v4, "", false), "192.0.2.0");
    EXPECT_EQ(greylist_origin(v6, "", false), "2001:db8:1:2::");
}

TEST(Greylist, Answers) {
    const GreylistOptions options{.delay = 60s, .allow_after = 5};
    struct Case {
        GreylistFacts facts;
        What what;
        bool newly;
        Seconds wait;
    };
    const Case cases[] = {
        {{}, What::wait, false, 60s},
        {{.first_seen = 0s}, What::wait, false, 60s},
        {{.first_seen = 59s}, What::wait, false, 1s},
        {{.first_seen = 60s}, What::pass, true, 0s},
        {{.first_seen = 1s, .passed = true}, What::pass, false, 0s},
        {{.passes = 4.9}, What::wait, false, 60s},
        {{.passes = 5}, What::pass, false, 0s},
    };
    for (const Case& c : cases) {
        const GreylistAnswer answer = greylist(c.facts, options);
        EXPECT_EQ(answer.what, c.what);
        EXPECT_EQ(answer.newly, c.newly);
        EXPECT_EQ(answer.wait, c.wait);
    }
    EXPECT_EQ(greylist({.passes = 1000}, {.allow_after = 0}).what, What::wait);
}

/// A sender that writes once a month must not be taken for a stranger for ever again.
TEST(Greylist, WhoPassesIsKeptSinceTheLastTime) {
    const GreylistOptions options{.keep = 1000s};
    EXPECT_FALSE(greylist({.passed = true, .passed_ago = 99s}, options).renew);
    EXPECT_TRUE(greylist({.passed = true, .passed_ago = 100s}, options).renew);
    EXPECT_EQ(greylist({.passed = true, .passed_ago = 100s}, options).what, What::pass);
    EXPECT_FALSE(greylist({.passed_ago = 100s, .passes = 5}, options).renew) << "it has not passed itself";
    EXPECT_FALSE(greylist({.first_seen = 60s}, options).renew);
}

TEST(Greylist, Suspects) {
    struct Case {
        GreylistOptions options;
        Lane lane;
        int score;
        bool asked;
    };
    using enum GreylistWho;
    const Case cases[] = {
        {{}, Lane::fast, 2, false},
        {{}, Lane::fast, 3, true},
        {{}, Lane::fast, -3, false},
        {{}, Lane::slow, 0, true},
        {{.suspect_from = 0}, Lane::fast, 9, false},
        {{.suspect_from = 0}, Lane::slow, 0, true},
        {{.who = all}, Lane::fast, -9, true},
        {{.who = nobody}, Lane::slow, 99, false},
    };
    for (const Case& c : cases)
        EXPECT_EQ(is_greylisted(c.options, c.lane, c.score), c.asked) << name_of(c.lane) << ' ' << c.score;
}

TEST(Greylist, OnlyTheSameLetterIsARetry) {
    const auto client = IpAddress::parse("192.0.2.77").value();
    const auto letter = [&](std::string_view sender, std::string_view recipient) {
        return greylist_name(client, "", sender, recipient).letter;
    };
    const std::string first = letter("a@example.org", "b@example.net");
    EXPECT_EQ(first.size(), 16U);
    EXPECT_EQ(letter("A@Example.org", "B@example.NET"), first);
    EXPECT_NE(letter("c@example.org", "b@example.net"), first);
    EXPECT_NE(letter("a@example.org", "c@example.net"), first);
    EXPECT_NE(letter("", "b@example.net"), first);
    EXPECT_EQ(greylist_name(client, "", "a@example.org", "b@example.net").origin, "192.0.2.0");
    EXPECT_EQ(greylist_name(client, "dsl-192-0-2-77.example.com", "a@example.org", "b@example.net").origin,
              "192.0.2.0");
    EXPECT_EQ(greylist_name(client, "mx.example.com", "a@Example.org", "b@example.net").domain,
              "example.org");
    EXPECT_EQ(greylist_name(client, "mx.example.com", "a@example.org", "b@example.net").origin,
              "example.com");
}

/// The retries of mail servers after a 4yz, counted from the first attempt, with the settings they are
/// shipped with.
const std::map<std::string, std::vector<Seconds>> schedules = {
    // minimal_backoff_time 300 s, doubling up to maximal_backoff_time 4000 s
    {"Postfix", {300s, 900s, 2100s, 4500s, 8500s, 12'500s}},
    // F,2h,15m; G,16h,1h,1.5
    {"Exim", {900s, 1800s, 2700s, 3600s, 7200s, 10'800s}},
    // the queue is run every 15, 30 or 60 minutes
    {"sendmail", {3600s, 7200s, 10'800s}},
    // 400 * n^2 seconds
    {"qmail", {400s, 1600s, 3600s, 6400s, 10'000s}},
    // one minute, five minutes, then more
    {"Exchange", {60s, 120s, 180s, 300s, 600s, 1200s}},
    // large pools: early, and from another address each time
    {"a large provider", {120s, 420s, 1200s, 2700s, 5400s}},
};

TEST(Greylist, EveryServerPassesWithItsFirstOrSecondRetry) {
    const GreylistOptions options;
    for (const auto& [server, retries] : schedules) {
        std::optional<Seconds> passed;
        for (const Seconds at : retries) {
            if (at >= options.retry_within) break;
            if (greylist({.first_seen = at}, options).what == What::pass) {
                passed = at;
                break;
            }
        }
        ASSERT_TRUE(passed) << server;
        EXPECT_EQ(*passed, retries.front()) << server << ": the default delay is below every first retry";
    }
}

TEST(Greylist, RotatingPoolIsOneOrigin) {
    std::string first;
    for (const unsigned last : {3U, 77U, 200U}) {
        const auto address = IpAddress::v4({198, 51, static_cast<std::uint8_t>(last), 9});
        const std::string origin =
            greylist_origin(address, "mail-" + std::to_string(last) + ".example.com", false);
        if (first.empty()) first = origin;
        EXPECT_EQ(origin, first);
    }
}

}  // namespace
}  // namespace sluice::policy
