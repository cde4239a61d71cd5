#include "store/greylist_operations.hpp"

#include <gtest/gtest.h>
#include <map>

#include "store/record.hpp"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

class Greylisting : public testing::Test {
  protected:
    Outcomes perform(const Operations& operations) {
        Outcomes outcomes;
        for (const Operation& operation : operations)
            outcomes.push_back(apply(operation, records_[operation.key], now_));
        return outcomes;
    }
    policy::GreylistAnswer comes(std::string_view origin, std::string_view domain) {
        const auto facts = read_greylist(perform(greylist_question(options_, origin, domain)));
        const auto answer = policy::greylist(facts, options_);
        if (answer.newly) perform(greylist_passed(options_, origin, domain));
        return answer;
    }

    const policy::GreylistOptions options_{
        .delay = 60s, .retry_within = 3600s, .keep = 86'400s, .allow_after = 3};
    WallMillis now_ = 1'700'000'000'000;

  private:
    std::map<std::string, std::optional<Record>> records_;
};

using What = policy::GreylistAnswer::What;

TEST_F(Greylisting, FirstWaitsThenPassesForLong) {
    EXPECT_EQ(comes("192.0.2.0", "example.org").what, What::wait);
    now_ += 59'000;
    EXPECT_EQ(comes("192.0.2.0", "example.org").what, What::wait) << "and does not begin anew";
    now_ += 1'000;
    EXPECT_TRUE(comes("192.0.2.0", "example.org").newly);
    EXPECT_FALSE(comes("192.0.2.0", "example.org").newly);
    now_ += Millis(23h).count();
    EXPECT_EQ(comes("192.0.2.0", "example.org").what, What::pass);
    EXPECT_EQ(comes("192.0.2.0", "other.example").what, What::wait);
    EXPECT_EQ(comes("192.0.2.0", "").what, What::wait) << "bounces are a domain of their own";
}

TEST_F(Greylisting, TooLateIsTheFirstAgain) {
    comes("192.0.2.0", "example.org");
    now_ += 3'600'000;
    EXPECT_EQ(comes("192.0.2.0", "example.org").what, What::wait);
}

TEST_F(Greylisting, OriginThatKeepsComingAgainIsAskedNoMore) {
    for (const char* domain : {"a.example", "b.example", "c.example"})
        comes("example.net", domain);
    now_ += 60'000;
    for (const char* domain : {"a.example", "b.example", "c.example"})
        EXPECT_TRUE(comes("example.net", domain).newly);
    EXPECT_EQ(comes("example.net", "d.example").what, What::pass);
}

TEST_F(Greylisting, KeysKeepTheirBound) {
    for (const Operation& operation :
         greylist_question(options_, std::string(200, 'o'), std::string(300, 'd')))
        EXPECT_LE(operation.key.size(), key_octets_max);
}

}  // namespace
}  // namespace sluice::store
