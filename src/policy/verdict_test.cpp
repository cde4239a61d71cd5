#include "policy/verdict.hpp"

#include <gtest/gtest.h>
#include <limits>

namespace sluice::policy {
namespace {

TEST(Lane, NamesGoBothWays) {
    for (const Lane lane : {Lane::fast, Lane::slow, Lane::defer, Lane::reject})
        EXPECT_EQ(lane_named(name_of(lane)), lane);
    for (const char* name : {"", "Fast", "slow ", "trap"})
        EXPECT_FALSE(lane_named(name)) << name;
}

TEST(Judge, Table) {
    constexpr int most = std::numeric_limits<int>::max();
    struct Case {
        const char* what;
        std::vector<int> weights;
        std::optional<Lane> network;
        Thresholds thresholds;
        Lane default_lane, lane;
        int score;
    };
    const Case cases[] = {
        {"nothing known", {}, {}, {1, 1, 0, 0}, Lane::fast, Lane::fast, 0},
        {"nothing known, strict default", {}, {}, {1, 1, 0, 0}, Lane::slow, Lane::slow, 0},
        {"below slow", {2}, {}, {1, 3, 6, 9}, Lane::fast, Lane::fast, 2},
        {"at slow", {1, 2}, {}, {1, 3, 6, 9}, Lane::fast, Lane::slow, 3},
        {"below defer", {5}, {}, {1, 3, 6, 9}, Lane::fast, Lane::slow, 5},
        {"at defer", {6}, {}, {1, 3, 6, 9}, Lane::fast, Lane::defer, 6},
        {"at reject", {6, 3}, {}, {1, 3, 6, 9}, Lane::fast, Lane::reject, 9},
        {"a good sign outweighs", {5, -4}, {}, {1, 3, 6, 9}, Lane::fast, Lane::fast, 1},
        {"zero is never", {1000}, {}, {1, 0, 0, 0}, Lane::fast, Lane::fast, 1000},
        {"negative is never", {-5}, {}, {1, -10, -10, -10}, Lane::fast, Lane::fast, -5},
        {"only reject", {9}, {}, {1, 0, 0, 9}, Lane::fast, Lane::reject, 9},
        {"reject below slow still rejects", {2}, {}, {1, 3, 0, 2}, Lane::fast, Lane::reject, 2},
        {"defaults slow a listing down", {10}, {}, {}, Lane::fast, Lane::slow, 10},
        {"defaults let weak signs pass", {3, 3, 3}, {}, {}, Lane::fast, Lane::fast, 9},
        {"defaults promote who is on a good list", {-10}, {}, {}, Lane::slow, Lane::fast, -10},
        {"network decides alone: for", {100}, Lane::fast, {1, 1, 2, 3}, Lane::slow, Lane::fast, 100},
        {"network decides alone: against",
         {-100},
         Lane::reject,
         {1, 1, 2, 3},
         Lane::fast,
         Lane::reject,
         -100},
        {"a good sign promotes", {-1}, {}, {1, 1, 0, 0}, Lane::slow, Lane::fast, -1},
        {"not far enough below", {-1}, {}, {2, 1, 0, 0}, Lane::slow, Lane::slow, -1},
        {"promotion is off", {-9}, {}, {0, 1, 0, 0}, Lane::slow, Lane::slow, -9},
        {"sums do not wrap", {most, most}, {}, {1, 1, 2, 3}, Lane::fast, Lane::reject, most},
    };
    for (const Case& c : cases) {
        std::vector<Signal> signals;
        signals.reserve(c.weights.size());
        for (const int weight : c.weights)
            signals.push_back({.name = "dnsbl", .what = {}, .value = {}, .weight = weight});
        const Verdict verdict = judge(c.network, signals, c.thresholds, c.default_lane);
        EXPECT_EQ(verdict.lane, c.lane) << c.what;
        EXPECT_EQ(verdict.score, c.score) << c.what;
    }
}

TEST(Refusal, NamesTheListsThatSpeakAgainstTheClient) {
    const IpAddress client = *IpAddress::parse("192.0.2.1");
    EXPECT_EQ(refusal(Lane::reject, client, {}).code, 550);
    EXPECT_EQ(refusal(Lane::reject, client, {}).text, "5.7.1 Client host [192.0.2.1] refused");
    const Signal signals[] = {{"dnsbl", "bl.example", "127.0.0.2", 5},
                              {"dnswl", "wl.example", "127.0.0.2", -1},
                              {"dnsbl", "tried.example", "127.0.0.2", 5, false},
                              {"dnsbl", "other.example", "127.0.0.2", 5}};
    EXPECT_EQ(refusal(Lane::defer, client, signals).code, 450);
    EXPECT_EQ(refusal(Lane::defer, client, signals).text,
              "4.7.1 Client host [192.0.2.1] deferred, try again later; listed by bl.example, other.example");
}

}  // namespace
}  // namespace sluice::policy
