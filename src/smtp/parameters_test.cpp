#include "smtp/parameters.hpp"

#include <gtest/gtest.h>
#include <string>

namespace sluice::smtp {
namespace {

std::string carried(const MailParameters& learnt) {
    return learnt.carried;
}
std::string carried(const std::string& parameters) {
    return parameters;
}

/// "ok", or "ok:" and the parameters that are carried on if they differ from `text`.
template <typename Read>
std::string outcome(const Read& read, std::string_view text) {
    if (read) return carried(*read) == text ? "ok" : "ok:" + carried(*read);
    switch (read.error()) {
        case ParameterError::unsupported: return "unsupported";
        case ParameterError::repeated: return "repeated";
        case ParameterError::bad: break;
    }
    return "bad";
}

std::string mail_outcome(std::string_view text, const Offer& offered = Offer::everything()) {
    return outcome(read_mail_parameters(text, offered), text);
}

std::string rcpt_outcome(std::string_view text, const Offer& offered = Offer::everything(),
                         bool smtputf8 = false) {
    return outcome(read_rcpt_parameters(text, offered, smtputf8), text);
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
        {"SIZE=99999999999999999999", "ok"},  // size_digits_max: 20, RFC 1870 3
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
        {"ENVID=a=b", "ok"},
        {"ENVID==", "ok"},
        {"ENVID=a+b", "bad"},
        {"ENVID=a+", "bad"},
        {"ENVID=a\x01", "bad"},
        {"ENVID=", "bad"},
        {"ENVID=\xc3\xbc", "bad"},
        {"ENVID=" + std::string(100, 'x'), "ok"},  // envid_octets_max
        {"ENVID=" + std::string(101, 'x'), "ok:"},
        {"ENVID=" + std::string(1900, 'x'), "ok:"},
        {"ENVID=" + std::string(101, '+'), "bad"},
        {"SIZE=1 ENVID=" + std::string(101, 'x') + " RET=HDRS", "ok:SIZE=1 RET=HDRS"},
        {"SIZE=1 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=x", "ok"},
        {" SIZE=1  BODY=7BIT\tRET=FULL \t SMTPUTF8\t", "ok:SIZE=1 BODY=7BIT RET=FULL SMTPUTF8"},
        {"SIZE=1 SIZE=1", "repeated"},
        {"SMTPUTF8 smtputf8", "repeated"},
        {"AUTH=<>", "ok:"},
        {"AUTH=boss@example.org", "ok:"},
        {"AUTH=<> SIZE=1", "ok:SIZE=1"},
        {"AUTH=", "bad"},
        {"AUTH", "bad"},
        {"AUTH=<> AUTH=<>", "repeated"},
        {"NOTIFY=NEVER", "unsupported"},
        {"MT-PRIORITY=3", "unsupported"},
        {"SIZEX=1", "unsupported"},
        {"=1", "bad"},
        {"-X=1", "bad"},
        {"X:Y", "bad"},
        {"<b@example.org>", "bad"},
    };
    for (const ParameterCase& c : cases) {
        EXPECT_EQ(mail_outcome(c.text), c.outcome) << c.text;
    }
}

TEST(MailParameters, AreLearnt) {
    const auto learnt = read_mail_parameters("SIZE=123 SMTPUTF8", Offer::everything());
    ASSERT_TRUE(learnt);
    EXPECT_EQ(learnt->size, 123U);
    EXPECT_TRUE(learnt->smtputf8);
    EXPECT_EQ(read_mail_parameters("SIZE=99999999999999999999", Offer::everything())->size, UINT64_MAX);
    EXPECT_FALSE(read_mail_parameters("", Offer::everything())->smtputf8);
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
        {"ORCPT=rfc822;a=b@example.org", "ok"},
        {"ORCPT=rfc822;", "ok:"},
        {"ORCPT=;a@example.org", "bad"},
        {"ORCPT=a@example.org", "bad"},
        {"ORCPT=rfc 822;a", "bad"},
        {"ORCPT=utf-8;\\x{fc}@example.org", "ok"},
        {"ORCPT=rfc822;" + std::string(493, 'x'), "ok"},  // orcpt_octets_max: 500, with the type
        {"ORCPT=rfc822;" + std::string(494, 'x'), "ok:"},
        {"ORCPT=rfc822;" + std::string(1900, 'x'), "ok:"},
        {"ORCPT=rfc822;" + std::string(494, 'x') + "\tNOTIFY=NEVER", "ok:NOTIFY=NEVER"},
        {"ORCPT=rfc822;" + std::string(494, '+'), "bad"},
        {"NOTIFY=NEVER ORCPT=rfc822;a", "ok"},
        {"NOTIFY=NEVER NOTIFY=NEVER", "repeated"},
        {"SIZE=1", "unsupported"},
    };
    for (const ParameterCase& c : cases) {
        EXPECT_EQ(rcpt_outcome(c.text), c.outcome) << c.text;
    }
}

TEST(RcptParameters, TakeUtf8WhereTheTransactionDoes) {
    const std::string unitext = "ORCPT=utf-8;j\xc3\xbcrgen+2B@example.org";
    const Offer offered = Offer::everything();
    EXPECT_EQ(rcpt_outcome(unitext, offered, true), "ok");
    EXPECT_EQ(rcpt_outcome(unitext, offered, false), "bad");
    EXPECT_EQ(rcpt_outcome("ORCPT=utf-8;\xc3\xbc+", offered, true), "bad");
    EXPECT_EQ(rcpt_outcome("ORCPT=rfc822;\xc3\xbc", offered, true), "bad");
}

TEST(MailParameters, AreBoundWhereTheyAreCarriedOn) {
    const Offer offered = Offer::everything().add(Extension::auth);
    EXPECT_EQ(mail_outcome("AUTH=<>", offered), "ok");
    EXPECT_EQ(mail_outcome("AUTH=a=b", offered), "ok");
    EXPECT_EQ(mail_outcome("AUTH=a+b", offered), "bad");
    EXPECT_EQ(mail_outcome("AUTH=" + std::string(500, 'x'), offered), "ok");  // auth_octets_max
    EXPECT_EQ(mail_outcome("AUTH=" + std::string(501, 'x'), offered), "ok:");
}

TEST(Parameters, ThatAskAreRefusedWhereTheirExtensionWasNotOffered) {
    const std::pair<std::string_view, Extension> mail[] = {
        {"SMTPUTF8", Extension::smtputf8},
        {"RET=FULL", Extension::dsn},
        {"ENVID=x", Extension::dsn},
        {"REQUIRETLS", Extension::requiretls},
    };
    for (const auto& [text, extension] : mail) {
        EXPECT_EQ(mail_outcome(text, Offer::everything().remove(extension)), "unsupported") << text;
        EXPECT_EQ(mail_outcome(text, Offer().add(extension)), "ok") << text;
    }
    for (const std::string_view text : {"NOTIFY=NEVER", "ORCPT=rfc822;a"})
        EXPECT_EQ(rcpt_outcome(text, Offer::everything().remove(Extension::dsn)), "unsupported") << text;
}

/// Nothing is offered after HELO, but Postfix accepts these parameters all the same.
TEST(Parameters, ThatTellAreTakenWhereverTheyAreSaid) {
    const Offer nothing;
    EXPECT_EQ(mail_outcome("SIZE=1 BODY=8BITMIME", nothing), "ok");
    EXPECT_EQ(mail_outcome("BODY=7BIT", nothing), "ok");
    EXPECT_EQ(mail_outcome("BODY=BINARYMIME", nothing), "bad");
    EXPECT_EQ(mail_outcome("SIZE=x", nothing), "bad");
    EXPECT_EQ(mail_outcome("AUTH=<>", nothing), "ok:");
    EXPECT_EQ(mail_outcome("AUTH=a+b", nothing), "ok:");
}

}  // namespace
}  // namespace sluice::smtp
