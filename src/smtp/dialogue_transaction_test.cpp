#include "smtp/testing/dialogue_script.hpp"

namespace sluice::smtp {
namespace {

class Transactions : public testing::TestWithParam<ScriptCase> {};

TEST_P(Transactions, RunTheSameSplitAnywhere) {
    run_at_every_split(GetParam());
}

const auto ask = [](Dialogue& dialogue) {
    ASSERT_TRUE(dialogue.ask(envelope_to({"r@example.net", "NOTIFY=NEVER"})));
};
const auto ask_plain = [](Dialogue& dialogue) {
    ASSERT_TRUE(dialogue.ask(envelope_to({"r@example.net", ""})));
};
const auto ask_three = [](Dialogue& dialogue) { ASSERT_TRUE(dialogue.ask(envelope(3))); };
const std::string mail_said = "MAIL FROM:<s@example.org> SIZE=10\r\n";
const std::string asked = mail_said + "RCPT TO:<r@example.net> NOTIFY=NEVER\r\nRSET\r\n";
const std::string asked_three =
    mail_said +
    "RCPT TO:<r0@example.net>\r\nRCPT TO:<r1@example.net>\r\nRCPT TO:<r2@example.net>\r\nRSET\r\n";
const std::string rcpt_said = "RCPT TO:<r@example.net>\r\n";

INSTANTIATE_TEST_SUITE_P(
    Question, Transactions,
    testing::Values(
        ScriptCase{"Known",
                   postfix_ehlo,
                   ask,
                   asked,
                   {{"250 a\r\n250 b\r\n250 c\r\n", "", Outcome::verified}},
                   true,
                   {250, "b"}},
        ScriptCase{"Unknown",
                   postfix_ehlo,
                   ask,
                   asked,
                   {{"250 a\r\n550 5.1.1 b\r\n250 c\r\n", "", Outcome::verified}},
                   true,
                   {550, "5.1.1 b"},
                   Stage::recipient},
        ScriptCase{"SenderRefused",
                   postfix_ehlo,
                   ask,
                   asked,
                   {{"550 5.1.8 a\r\n503 b\r\n250 c\r\n", "", Outcome::verified}},
                   true,
                   {550, "5.1.8 a"},
                   Stage::mail},
        ScriptCase{
            "MailBye", postfix_ehlo, ask, asked, {{"421 a\r\n", "", Outcome::lost}}, false, {421, "a"}},
        ScriptCase{"RcptBye",
                   postfix_ehlo,
                   ask,
                   asked,
                   {{"250 a\r\n421 b\r\n", "", Outcome::lost}},
                   false,
                   {421, "b"}},
        ScriptCase{"RsetBye",
                   postfix_ehlo,
                   ask,
                   asked,
                   {{"250 a\r\n250 b\r\n421 c\r\n", "", Outcome::verified}},
                   false,
                   {250, "b"}},
        ScriptCase{"RsetRefused",
                   postfix_ehlo,
                   ask,
                   asked,
                   {{"250 a\r\n250 b\r\n500 c\r\n", "", Outcome::verified}},
                   false,
                   {250, "b"}},
        ScriptCase{"OneReplyTooMany",
                   postfix_ehlo,
                   ask,
                   asked,
                   {{"250 a\r\n250 b\r\n250 c\r\n250 d\r\n", "", Outcome::verified}},
                   false,
                   {250, "b"}},
        ScriptCase{"Garbage",
                   postfix_ehlo,
                   ask,
                   asked,
                   {{"250 a\r\nhello\r\n", "", Outcome::lost}},
                   false,
                   {0, "hello"}},
        // The MTA has a transaction that we know nothing of, so this is never the client's answer.
        ScriptCase{"NestedMail",
                   postfix_ehlo,
                   ask,
                   asked,
                   {{"503 5.5.1 nested\r\n250 b\r\n250 c\r\n", "", Outcome::out_of_step}},
                   false,
                   {503, "5.5.1 nested"}},
        ScriptCase{"LockstepNestedMail",
                   lockstep_ehlo,
                   ask_plain,
                   mail_said,
                   {{"503 5.5.1 nested\r\n", "", Outcome::out_of_step}},
                   false,
                   {503, "5.5.1 nested"}},
        ScriptCase{"SeveralAndGoodbye",
                   postfix_ehlo,
                   ask_three,
                   asked_three,
                   {{"250 a\r\n521 5.3.2 never\r\n", "", Outcome::lost}},
                   false,
                   {521, "5.3.2 never"}},
        ScriptCase{"OneAndGoodbye",
                   postfix_ehlo,
                   ask,
                   asked,
                   {{"250 a\r\n521 5.3.2 never\r\n250 c\r\n", "", Outcome::verified}},
                   true,
                   {521, "5.3.2 never"},
                   Stage::recipient},
        ScriptCase{"GarbageAfterTheAnswer",
                   postfix_ehlo,
                   ask,
                   asked,
                   {{"250 a\r\n250 b\r\nhello\r\n", "", Outcome::verified}},
                   false,
                   {250, "b"}},
        ScriptCase{"UnexpectedCode",
                   postfix_ehlo,
                   ask,
                   asked,
                   {{"354 a\r\n", "", Outcome::lost}},
                   false,
                   {354, "a"}},
        ScriptCase{"LockstepKnown",
                   lockstep_ehlo,
                   ask_plain,
                   mail_said,
                   {{"250 a\r\n", rcpt_said, Outcome::none},
                    {"251 b\r\n", "RSET\r\n", Outcome::none},
                    {"250 c\r\n", "", Outcome::verified}},
                   true,
                   {251, "b"}},
        ScriptCase{"LockstepSenderRefused",
                   lockstep_ehlo,
                   ask_plain,
                   mail_said,
                   {{"450 a\r\n", "RSET\r\n", Outcome::none}, {"250 c\r\n", "", Outcome::verified}},
                   true,
                   {450, "a"},
                   Stage::mail},
        ScriptCase{"SeveralAndTheConnectionLost",
                   postfix_ehlo,
                   ask_three,
                   asked_three,
                   {{"250 a\r\n550 5.1.1 b\r\n250 c\r\n421 d\r\n", "", Outcome::lost}},
                   false,
                   {421, "d"}},
        ScriptCase{"LockstepSeveral",
                   lockstep_ehlo,
                   ask_three,
                   mail_said,
                   {{"250 a\r\n", "RCPT TO:<r0@example.net>\r\n", Outcome::none},
                    {"550 b\r\n", "RCPT TO:<r1@example.net>\r\n", Outcome::none},
                    {"250 c\r\n", "RCPT TO:<r2@example.net>\r\n", Outcome::none},
                    {"250 d\r\n", "RSET\r\n", Outcome::none},
                    {"250 e\r\n", "", Outcome::verified}},
                   true,
                   {250, "d"}}),
    name_of);

TEST(Question, AboutSeveralHasAnAnswerForEach) {
    Dialogue dialogue("front.example");
    open(dialogue, postfix_ehlo);
    ask_three(dialogue);
    dialogue.output().clear();
    converse(dialogue, {"250 a\r\n550 5.1.1 b\r\n250 c\r\n450 d\r\n250 e\r\n", "", Outcome::verified}, 0);
    EXPECT_EQ(dialogue.recipients(), (std::vector<Reply>{{550, "5.1.1 b"}, {250, "c"}, {450, "d"}}));
    EXPECT_TRUE(dialogue.idle());
}

TEST(Question, IsNotAskedWhereTheMtaWouldReadAnotherAddress) {
    Dialogue dialogue("front.example");
    open(dialogue, postfix_ehlo);
    for (const char* address : {"a\"@example.net", "a<b@example.net", "a> SIZE=1", "a\\"}) {
        EXPECT_FALSE(dialogue.ask(envelope_to({address, ""}))) << address;
        Envelope from = envelope_to({"r@example.net", ""});
        from.sender = address;
        EXPECT_FALSE(dialogue.deliver(from)) << address;
        EXPECT_EQ(dialogue.output(), "");
    }
    EXPECT_TRUE(dialogue.ask(envelope_to({"\"a> <b\"@example.net", ""})));
}

TEST(Question, NeedsWhatItsParametersNeed) {
    Dialogue dialogue("front.example");
    open(dialogue, lockstep_ehlo);
    Envelope eight_bit = envelope_to({"r@example.net", ""});
    eight_bit.sender_parameters = "SMTPUTF8";
    EXPECT_FALSE(dialogue.ask(eight_bit));
    EXPECT_TRUE(dialogue.output().empty());
    EXPECT_TRUE(dialogue.idle());
}

const auto deliver_one = [](Dialogue& dialogue) { ASSERT_TRUE(dialogue.deliver(envelope(1))); };
const auto deliver_two = [](Dialogue& dialogue) { ASSERT_TRUE(dialogue.deliver(envelope(2))); };
const std::string delivered_one = mail_said + "RCPT TO:<r0@example.net>\r\nDATA\r\n";
const std::string delivered_two =
    mail_said + "RCPT TO:<r0@example.net>\r\nRCPT TO:<r1@example.net>\r\nDATA\r\n";

INSTANTIATE_TEST_SUITE_P(
    Delivery, Transactions,
    testing::Values(ScriptCase{"Wanted",
                               postfix_ehlo,
                               deliver_two,
                               delivered_two,
                               {{"250 a\r\n250 b\r\n250 c\r\n354 d\r\n", "", Outcome::content}},
                               true,
                               {}},
                    ScriptCase{"TalkingOn",
                               postfix_ehlo,
                               deliver_one,
                               delivered_one,
                               {{"250 a\r\n250 b\r\n354 c\r\n250 d\r\n", "", Outcome::lost}},
                               false,
                               {}},
                    // One recipient was accepted, and a dot would deliver to it; only closing helps.
                    ScriptCase{"OneOfTwoRefused",
                               postfix_ehlo,
                               deliver_two,
                               delivered_two,
                               {{"250 a\r\n550 5.1.1 b\r\n250 c\r\n354 d\r\n", "", Outcome::refused}},
                               false,
                               {550, "5.1.1 b"},
                               Stage::recipient},
                    ScriptCase{"AllRefused",
                               postfix_ehlo,
                               deliver_two,
                               delivered_two,
                               {{"250 a\r\n550 5.1.1 b\r\n450 c\r\n554 d\r\n", "RSET\r\n", Outcome::none},
                                {"250 e\r\n", "", Outcome::refused}},
                               true,
                               {550, "5.1.1 b"},
                               Stage::recipient},
                    ScriptCase{"AllRefusedAndNoReset",
                               postfix_ehlo,
                               deliver_two,
                               delivered_two,
                               {{"250 a\r\n550 5.1.1 b\r\n450 c\r\n554 d\r\n", "RSET\r\n", Outcome::none},
                                {"421 e\r\n", "", Outcome::refused}},
                               false,
                               {550, "5.1.1 b"},
                               Stage::recipient},
                    ScriptCase{"MailRefused",
                               postfix_ehlo,
                               deliver_one,
                               delivered_one,
                               {{"552 a\r\n503 b\r\n503 c\r\n", "RSET\r\n", Outcome::none},
                                {"250 e\r\n", "", Outcome::refused}},
                               true,
                               {552, "a"},
                               Stage::mail},
                    ScriptCase{"DataRefused",
                               postfix_ehlo,
                               deliver_one,
                               delivered_one,
                               {{"250 a\r\n250 b\r\n451 c\r\n", "RSET\r\n", Outcome::none},
                                {"250 e\r\n", "", Outcome::refused}},
                               true,
                               {451, "c"},
                               Stage::data},
                    ScriptCase{"DataTakenForGranted",
                               postfix_ehlo,
                               deliver_one,
                               delivered_one,
                               {{"250 a\r\n250 b\r\n250 c\r\n", "", Outcome::lost}},
                               false,
                               {250, "c"}},
                    ScriptCase{"NestedMail",
                               postfix_ehlo,
                               deliver_one,
                               delivered_one,
                               {{"503 a\r\n250 b\r\n354 c\r\n", "", Outcome::out_of_step}},
                               false,
                               {503, "a"}},
                    ScriptCase{"DataOutOfStep",
                               postfix_ehlo,
                               deliver_one,
                               delivered_one,
                               {{"250 a\r\n250 b\r\n503 c\r\n", "", Outcome::out_of_step}},
                               false,
                               {503, "c"}},
                    ScriptCase{"MailBye",
                               postfix_ehlo,
                               deliver_one,
                               delivered_one,
                               {{"421 a\r\n", "", Outcome::lost}},
                               false,
                               {421, "a"}},
                    ScriptCase{"DataBye",
                               postfix_ehlo,
                               deliver_one,
                               delivered_one,
                               {{"250 a\r\n250 b\r\n421 c\r\n", "", Outcome::lost}},
                               false,
                               {421, "c"}},
                    ScriptCase{"Lockstep",
                               lockstep_ehlo,
                               deliver_two,
                               mail_said,
                               {{"250 a\r\n", "RCPT TO:<r0@example.net>\r\n", Outcome::none},
                                {"250 b\r\n", "RCPT TO:<r1@example.net>\r\n", Outcome::none},
                                {"250 c\r\n", "DATA\r\n", Outcome::none},
                                {"354 d\r\n", "", Outcome::content}},
                               true,
                               {}},
                    ScriptCase{"LockstepOneOfTwoRefused",
                               lockstep_ehlo,
                               deliver_two,
                               mail_said,
                               {{"250 a\r\n", "RCPT TO:<r0@example.net>\r\n", Outcome::none},
                                {"550 b\r\n", "RCPT TO:<r1@example.net>\r\n", Outcome::none},
                                {"250 c\r\n", "RSET\r\n", Outcome::none},
                                {"250 d\r\n", "", Outcome::refused}},
                               true,
                               {550, "b"},
                               Stage::recipient}),
    name_of);

}  // namespace
}  // namespace sluice::smtp
