#include "smtp/parameters.hpp"

#include <gtest/gtest.h>
#include <string>

namespace sluice::smtp {
namespace {

template <typename Checked>
std::string outcome(const Checked& checked) {
    if (checked) return "ok";
    switch (checked.error()) {
        case ParameterError::unsupported: return "unsupported";
        case ParameterError::repeated: return "repeated";
        case ParameterError::bad: break;
    }
    return "bad";
}

struct ParameterCase {
    std::string text;
    std::string_view outcome;
};

TEST(MailParameters, AreHeldToTheirGrammar) {
    const ParameterCase cases[] = {
        {"", "ok"},
        {"SIZE=0", "ok"},
        {"size=12345", "ok"},
        {"SIZE=99999999999999999999", "ok"},  // 20 digits, RFC 1870 3
        {"SIZE=999999999999999999999", "bad"},
        {"SIZE", "bad"},
        {"SIZE=", "bad"},
        {"SIZE=-1", "bad"},
        {"SIZE=+1", "bad"},
        {"SIZE=1k", "bad"},
        {"SIZE=1=2", "bad"},
        {"BODY=7BIT", "ok"},
        {"body=8bitmime", "ok"},
        {"BODY=BINARYMIME", "bad"},
        {"BODY", "bad"},
        {"SMTPUTF8", "ok"},
        {"SMTPUTF8=", "bad"},
        {"SMTPUTF8=1", "bad"},
        {"RET=FULL", "ok"},
        {"RET=hdrs", "ok"},
        {"RET=BODY", "bad"},
        {"REQUIRETLS", "ok"},
        {"REQUIRETLS=1", "bad"},
        {"ENVID=QQ314159", "ok"},
        {"ENVID=a+20b", "ok"},
        {"ENVID=a+2", "bad"},
        {"ENVID=a=b", "bad"},
        {"ENVID=", "bad"},
        {"ENVID=\xc3\xbc", "bad"},
        {"ENVID=" + std::string(100, 'x'), "ok"},
        {"ENVID=" + std::string(101, 'x'), "bad"},
        {"SIZE=1 BODY=8BITMIME  SMTPUTF8 RET=HDRS ENVID=x", "ok"},
        {"SIZE=1 SIZE=1", "repeated"},
        {"SMTPUTF8 smtputf8", "repeated"},
        {"AUTH=<>", "unsupported"},
        {"NOTIFY=NEVER", "unsupported"},
        {"MT-PRIORITY=3", "unsupported"},
        {"SIZEX=1", "unsupported"},
        {"=1", "bad"},
        {"-X=1", "bad"},
        {"X:Y", "bad"},
        {"<b@example.org>", "bad"},
    };
    for (const ParameterCase& c : cases) {
        EXPECT_EQ(outcome(check_mail_parameters(c.text, Offer::everything())), c.outcome) << c.text;
    }
}

TEST(MailParameters, AreLearnt) {
    const auto learnt = check_mail_parameters("SIZE=123 SMTPUTF8", Offer::everything());
    ASSERT_TRUE(learnt);
    EXPECT_EQ(learnt->size, 123U);
    EXPECT_TRUE(learnt->smtputf8);
    EXPECT_EQ(check_mail_parameters("SIZE=99999999999999999999", Offer::everything())->size, UINT64_MAX);
    EXPECT_FALSE(check_mail_parameters("", Offer::everything())->smtputf8);
}

TEST(RcptParameters, AreHeldToTheirGrammar) {
    const ParameterCase cases[] = {
        {"", "ok"},
        {"NOTIFY=NEVER", "ok"},
        {"NOTIFY=SUCCESS,FAILURE,DELAY", "ok"},
        {"notify=delay", "ok"},
        {"NOTIFY=NEVER,DELAY", "bad"},
        {"NOTIFY=SUCCESS,", "bad"},
        {"NOTIFY=,SUCCESS", "bad"},
        {"NOTIFY=ALWAYS", "bad"},
        {"NOTIFY", "bad"},
        {"ORCPT=rfc822;a+2Bb@example.org", "ok"},
        {"ORCPT=rfc822;a+b@example.org", "bad"},
        {"ORCPT=rfc822;", "bad"},
        {"ORCPT=;a@example.org", "bad"},
        {"ORCPT=a@example.org", "bad"},
        {"ORCPT=rfc 822;a", "bad"},
        {"ORCPT=utf-8;\\x{fc}@example.org", "ok"},
        {"ORCPT=rfc822;" + std::string(493, 'x'), "ok"},
        {"ORCPT=rfc822;" + std::string(494, 'x'), "bad"},
        {"NOTIFY=NEVER ORCPT=rfc822;a", "ok"},
        {"NOTIFY=NEVER NOTIFY=NEVER", "repeated"},
        {"SIZE=1", "unsupported"},
    };
    for (const ParameterCase& c : cases) {
        EXPECT_EQ(outcome(check_rcpt_parameters(c.text, Offer::everything(), false)), c.outcome) << c.text;
    }
}

TEST(RcptParameters, TakeUtf8WhereTheTransactionDoes) {
    const std::string unitext = "ORCPT=utf-8;j\xc3\xbcrgen+2B@example.org";
    EXPECT_EQ(outcome(check_rcpt_parameters(unitext, Offer::everything(), true)), "ok");
    EXPECT_EQ(outcome(check_rcpt_parameters(unitext, Offer::everything(), false)), "bad");
    EXPECT_EQ(outcome(check_rcpt_parameters("ORCPT=utf-8;\xc3\xbc+", Offer::everything(), true)), "bad");
    EXPECT_EQ(outcome(check_rcpt_parameters("ORCPT=rfc822;\xc3\xbc", Offer::everything(), true)), "bad");
}

TEST(Parameters, AreRefusedWhereTheirExtensionWasNotOffered) {
    const std::pair<std::string_view, Extension> mail[] = {
        {"SIZE=1", Extension::size},       {"BODY=7BIT", Extension::eight_bit_mime},
        {"SMTPUTF8", Extension::smtputf8}, {"RET=FULL", Extension::dsn},
        {"ENVID=x", Extension::dsn},       {"REQUIRETLS", Extension::requiretls},
    };
    for (const auto& [text, extension] : mail) {
        const Offer without = Offer::everything().remove(extension);
        EXPECT_EQ(outcome(check_mail_parameters(text, without)), "unsupported") << text;
        EXPECT_EQ(outcome(check_mail_parameters(text, Offer().add(extension))), "ok") << text;
    }
    for (const std::string_view text : {"NOTIFY=NEVER", "ORCPT=rfc822;a"}) {
        const Offer without = Offer::everything().remove(Extension::dsn);
        EXPECT_EQ(outcome(check_rcpt_parameters(text, without, false)), "unsupported") << text;
    }
}

}  // namespace
}  // namespace sluice::smtp
