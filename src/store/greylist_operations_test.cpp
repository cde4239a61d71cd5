#include "store/greylist_operations.hpp"

#include <gmock/gmock.h>
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
    policy::GreylistAnswer comes(const std::string& origin, const std::string& domain,
                                 const std::string& letter = "1") {
        const policy::GreylistName name{origin, domain, letter};
        const auto facts = read_greylist(perform(greylist_question(options_, name)));
        const auto answer = policy::greylist(facts, options_);
        if (answer.newly) perform(greylist_passed(options_, name));
        if (answer.renew) perform(greylist_kept(options_, name));
        if (answer.what == policy::GreylistAnswer::What::wait)
            perform(greylist_waits(options_, name, letter_));
        return answer;
    }

    const policy::GreylistOptions options_{
        .delay = 60s, .retry_within = 3600s, .keep = 86'400s, .allow_after = 3};
    const GreylistLetter letter_{"192.0.2.7", "a@example.org", "b@example.net"};
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

TEST_F(Greylisting, AWriterOfEachHalfDayIsNeverAskedAgain) {
    comes("192.0.2.0", "example.org", "1");
    now_ += 60'000;
    EXPECT_TRUE(comes("192.0.2.0", "example.org", "1").newly);
    for (int mail = 0; mail < 10; ++mail) {
        now_ += Millis(12h).count();
        EXPECT_EQ(comes("192.0.2.0", "example.org", "2").what, What::pass) << mail;
    }
    now_ += Millis(24h).count();
    EXPECT_EQ(comes("192.0.2.0", "example.org", "2").what, What::wait) << "so long after the last";
}

TEST_F(Greylisting, AnotherLetterIsNoRetry) {
    comes("192.0.2.0", "example.org", "1");
    now_ += 60'000;
    EXPECT_EQ(comes("192.0.2.0", "example.org", "2").what, What::wait);
    now_ += 60'000;
    EXPECT_TRUE(comes("192.0.2.0", "example.org", "2").newly);
    EXPECT_FALSE(comes("192.0.2.0", "example.org", "1").newly) << "what one has shown counts for all";
    EXPECT_EQ(comes("192.0.2.0", "example.org", "3").what, What::pass);
}

TEST_F(Greylisting, AskingChangesNothing) {
    perform(greylist_question(options_, {"192.0.2.0", "example.org", "1"}));
    now_ += 60'000;
    EXPECT_EQ(comes("192.0.2.0", "example.org").what, What::wait);
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

TEST_F(Greylisting, ARecordSaysWhoseLetterWaitsAndForWhom) {
    const policy::GreylistName name{"192.0.2.0", "example.org", "1"};
    const auto value = [&](const GreylistLetter& letter) {
        return greylist_waits(options_, name, letter)[0].value;
    };
    EXPECT_EQ(read_greylist_letter(value(letter_)), letter_);
    const GreylistLetter bounce{"2001:db8::1", "", "\"b c\"@example.net"};
    EXPECT_EQ(read_greylist_letter(value(bounce)), bounce);
    // Addresses too long for a record are left out, not cut.
    const GreylistLetter endless{"192.0.2.7", std::string(900, 'a'), std::string(900, 'b')};
    EXPECT_EQ(value(endless), "waiting");
    EXPECT_EQ(read_greylist_letter("waiting"), std::nullopt) << "as 0.1.1 wrote it";
    EXPECT_EQ(read_greylist_letter("passed"), std::nullopt);
    EXPECT_EQ(read_greylist_letter("passed\na\nb\nc"), std::nullopt);
}

TEST_F(Greylisting, KeysKeepTheirBound) {
    const policy::GreylistName name{std::string(200, 'o'), std::string(300, 'd'), std::string(16, 'a')};
    for (const Operations& operations :
         {greylist_question(options_, name), greylist_waits(options_, name, letter_),
          greylist_passed(options_, name)})
        for (const Operation& operation : operations)
            EXPECT_LE(operation.key.size(), key_octets_max);
    EXPECT_THAT(greylist_waits(options_, name, letter_)[0].key, testing::EndsWith("/aaaaaaaaaaaaaaaa"));
}

}  // namespace
}  // namespace sluice::store
