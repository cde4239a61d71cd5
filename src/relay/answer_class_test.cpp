#include "relay/answer_class.hpp"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace sluice::relay
