#include "relay/answer_class.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace sluice::relay {
namespace {

enum class Says { known, unknown, neither };

struct AnswerCase {
    int code;
    const char* text;
    Says says;
};

class Answers : public testing::TestWithParam<AnswerCase> {};

TEST_P(Answers, AreClassified) {
    const smtp::Reply reply{GetParam().code, GetParam().text};
    EXPECT_EQ(says_known(reply), GetParam().says == Says::known) << reply.code << reply.text;
    EXPECT_EQ(says_unknown(reply), GetParam().says == Says::unknown) << reply.code << reply.text;
}

INSTANTIATE_TEST_SUITE_P(
    Table, Answers,
    testing::Values(
        AnswerCase{250, "2.1.5 Ok", Says::known}, AnswerCase{250, "", Says::known},
        AnswerCase{251, "2.1.5 will forward", Says::neither}, AnswerCase{252, "2.1.5 perhaps", Says::neither},
        AnswerCase{550, "5.1.1 <x@y>: User unknown", Says::unknown}, AnswerCase{550, "5.1.1", Says::unknown},
        AnswerCase{550, "5.1.1 User\n5.1.1 unknown", Says::unknown},
        AnswerCase{550, "5.1.2 no such domain", Says::unknown},
        AnswerCase{553, "5.1.3 syntax", Says::unknown}, AnswerCase{551, "5.1.6 moved", Says::unknown},
        AnswerCase{556, "5.1.10 null MX", Says::unknown},
        AnswerCase{550, "5.1.10 RESOLVER.ADR.RecipientNotFound", Says::unknown},
        AnswerCase{450, "4.1.1 later", Says::neither}, AnswerCase{450, "5.1.1 odd", Says::neither},
        AnswerCase{554, "5.7.1 Relay access denied", Says::neither},
        AnswerCase{550, "5.7.1 policy", Says::neither}, AnswerCase{554, "5.1.1 odd", Says::neither},
        AnswerCase{550, "5.1.0 Sender unknown", Says::neither},
        AnswerCase{550, "5.1.7 sender", Says::neither}, AnswerCase{550, "5.1.8 sender domain", Says::neither},
        AnswerCase{550, "5.2.1 disabled", Says::neither},
        AnswerCase{550, "5.4.1 Access denied", Says::neither}, AnswerCase{550, "User unknown", Says::neither},
        AnswerCase{553, "not in my rcpthosts", Says::neither}, AnswerCase{550, "5.1.11 odd", Says::neither},
        AnswerCase{421, "4.3.2 bye", Says::neither}, AnswerCase{0, "", Says::neither}));

TEST(AnswerClass, TooManyRecipients) {
    const smtp::Reply many[] = {{452, "4.5.3 Error: too many recipients"},
                                {452, "4.5.3 x"},
                                {552, "5.5.3 x"},
                                {452, "Too Many Recipients"},
                                {552, "too many recipients"}};
    for (const smtp::Reply& reply : many)
        EXPECT_TRUE(says_too_many(reply)) << reply.code << reply.text;
    const smtp::Reply others[] = {{452, "4.3.1 Insufficient system storage"},
                                  {452, "4.2.2 too many recipients' mailboxes are full"},
                                  {450, "4.7.1 Error: too many recipients from 192.0.2.1"},
                                  {550, "5.5.3 too many recipients"},
                                  {452, "Insufficient system storage"},
                                  {250, "4.5.3 x"}};
    for (const smtp::Reply& reply : others)
        EXPECT_FALSE(says_too_many(reply)) << reply.code << reply.text;
}

TEST(AnswerClass, TheLimitIsWhatWasTakenBeforeIt) {
    const smtp::Reply taken{250, "2.1.5 Ok"};
    const smtp::Reply unknown{550, "5.1.1 who"};
    const smtp::Reply many{452, "4.5.3 many"};
    EXPECT_EQ(taken_before_too_many(std::vector{taken, unknown, taken}), std::nullopt);
    EXPECT_EQ(taken_before_too_many(std::vector{taken, unknown, taken, many, many}), 2U);
    EXPECT_EQ(taken_before_too_many(std::vector{many, many}), 0U);
    EXPECT_EQ(taken_before_too_many({}), std::nullopt);
}

}  // namespace
}  // namespace sluice::relay
