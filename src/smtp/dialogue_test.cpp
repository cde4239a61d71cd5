#include "smtp/testing/dialogue_script.hpp"

namespace sluice::smtp {
namespace {

class Scripts : public testing::TestWithParam<ScriptCase> {};

TEST_P(Scripts, RunTheSameSplitAnywhere) {
    run_at_every_split(GetParam());
}

const auto start = [](Dialogue& dialogue) { dialogue.open(""); };
const std::string ehlo_said = "EHLO front.example\r\n";
const std::string helo_said = "HELO front.example\r\n";

INSTANTIATE_TEST_SUITE_P(
    Opening, Scripts,
    testing::Values(
        ScriptCase{"Ehlo",
                   "",
                   start,
                   "",
                   {{"220-mx\r\n220 hi\r\n", ehlo_said, Outcome::none}, {postfix_ehlo, "", Outcome::opened}},
                   true,
                   {}},
        ScriptCase{"HeloFallback",
                   "",
                   start,
                   "",
                   {{"220 mx\r\n", ehlo_said, Outcome::none},
                    {"502 what?\r\n", helo_said, Outcome::none},
                    {"250 mx\r\n", "", Outcome::opened}},
                   true,
                   {}},
        ScriptCase{"HeloRefused",
                   "",
                   start,
                   "",
                   {{"220 mx\r\n", ehlo_said, Outcome::none},
                    {"502 what?\r\n", helo_said, Outcome::none},
                    {"554 no\r\n", "", Outcome::lost}},
                   false,
                   {554, "no"}},
        ScriptCase{"EhloDeferred",
                   "",
                   start,
                   "",
                   {{"220 mx\r\n", ehlo_said, Outcome::none}, {"450 later\r\n", "", Outcome::lost}},
                   false,
                   {450, "later"}},
        ScriptCase{"NoService",
                   "",
                   start,
                   "",
                   {{"554 no service\r\n", "", Outcome::lost}},
                   false,
                   {554, "no service"}},
        ScriptCase{
            "Busy", "", start, "", {{"421 too many\r\n", "", Outcome::lost}}, false, {421, "too many"}},
        ScriptCase{"NotSmtp",
                   "",
                   start,
                   "",
                   {{"SSH-2.0-OpenSSH\r\n", "", Outcome::lost}},
                   false,
                   {0, "SSH-2.0-OpenSSH"}},
        ScriptCase{"TalkingOn",
                   "",
                   start,
                   "",
                   {{"220 mx\r\n", ehlo_said, Outcome::none}, {"250 mx\r\n250 x\r\n", "", Outcome::lost}},
                   false,
                   {}}),
    name_of);

TEST(Opening, SaysANameInUtf8AndNothingElseBeyondAscii) {
    const std::string long_name = std::string(254, 'x') + "\xc3\xa9";
    for (const auto& [name, said] :
         std::vector<std::pair<std::string, std::string>>{{"caf\xc3\xa9.example", "caf\xc3\xa9.example"},
                                                          {"caf\xe9.example", "caf?.example"},
                                                          {"\"<a\\", "\"<a\\"},
                                                          {"a b\tc\x7f", "a?b?c?"},
                                                          {long_name, std::string(254, 'x') + "?"},
                                                          // name_octets_max
                                                          {std::string(255, 'x'), std::string(255, 'x')},
                                                          {std::string(256, 'x'), std::string(255, 'x')}}) {
        Dialogue dialogue("front.example");
        dialogue.open(name);
        dialogue.receive("220 mx\r\n");
        EXPECT_EQ(dialogue.output(), "EHLO " + said + "\r\n");
    }
}

TEST(Opening, LearnsWhatTheMtaOffers) {
    Dialogue dialogue("front.example");
    open(dialogue, postfix_ehlo);
    EXPECT_EQ(dialogue.greeting_host(), "mx.internal");
    EXPECT_EQ(dialogue.ehlo().xclient, "NAME ADDR PROTO HELO");
    EXPECT_TRUE(dialogue.ehlo().offer.has(Extension::dsn));
    EXPECT_EQ(dialogue.ehlo().offer.size_max(), 1000U);
}

const std::string one_line = "XCLIENT ADDR=192.0.2.7\r\n";
const std::string two_lines = "XCLIENT NAME=a.example\r\n" + one_line;
const auto introduce = [](Dialogue& dialogue) { dialogue.introduce(one_line, "client.example", true); };
const auto introduce_twice = [](Dialogue& dialogue) {
    dialogue.introduce(two_lines, "client.example", true);
};
const std::string client_ehlo = "EHLO client.example\r\n";

INSTANTIATE_TEST_SUITE_P(
    Introduction, Scripts,
    testing::Values(
        ScriptCase{"One",
                   postfix_ehlo,
                   introduce,
                   one_line,
                   {{"220 mx\r\n", client_ehlo, Outcome::none}, {postfix_ehlo, "", Outcome::introduced}},
                   true,
                   {}},
        ScriptCase{"OneByOne",
                   postfix_ehlo,
                   introduce_twice,
                   "XCLIENT NAME=a.example\r\n",
                   {{"220 mx\r\n", one_line, Outcome::none},
                    {"220 mx\r\n", client_ehlo, Outcome::none},
                    {postfix_ehlo, "", Outcome::introduced}},
                   true,
                   {}},
        ScriptCase{
            "HeloClient",
            postfix_ehlo,
            [](Dialogue& dialogue) { dialogue.introduce(one_line, "a b\r\nQUIT", false); },
            one_line,
            {{"220 mx\r\n", "HELO a?b??QUIT\r\n", Outcome::none}, {"250 mx\r\n", "", Outcome::introduced}},
            true,
            {}},
        ScriptCase{"NamelessClient",
                   postfix_ehlo,
                   [](Dialogue& dialogue) { dialogue.introduce(one_line, "", false); },
                   one_line,
                   {{"220 mx\r\n", helo_said, Outcome::none}, {"250 mx\r\n", "", Outcome::introduced}},
                   true,
                   {}},
        ScriptCase{"Refused",
                   postfix_ehlo,
                   introduce,
                   one_line,
                   {{"550 5.7.0 no\r\n", "", Outcome::identity_refused}},
                   false,
                   {550, "5.7.0 no"}},
        ScriptCase{
            "RefusedMidway",
            postfix_ehlo,
            introduce_twice,
            "XCLIENT NAME=a.example\r\n",
            {{"220 mx\r\n", one_line, Outcome::none}, {"501 5.5.4 Bad\r\n", "", Outcome::identity_refused}},
            false,
            {501, "5.5.4 Bad"}},
        ScriptCase{"Positive250IsNot220",
                   postfix_ehlo,
                   introduce,
                   one_line,
                   {{"250 ok\r\n", "", Outcome::identity_refused}},
                   false,
                   {250, "ok"}},
        // The MTA may refuse the client instead of greeting it.
        ScriptCase{"ClientRefused",
                   postfix_ehlo,
                   introduce,
                   one_line,
                   {{"554 5.7.1 <a[192.0.2.7]>: Client host rejected\r\n", "", Outcome::client_refused}},
                   false,
                   {554, "5.7.1 <a[192.0.2.7]>: Client host rejected"}},
        ScriptCase{"ClientDeferred",
                   postfix_ehlo,
                   introduce,
                   one_line,
                   {{"450 4.7.25 no name\r\n", "", Outcome::client_refused}},
                   false,
                   {450, "4.7.25 no name"}},
        ScriptCase{"ClientRefusedByAnAccessMap",
                   postfix_ehlo,
                   introduce,
                   one_line,
                   {{"550 5.7.1 no\r\n", "", Outcome::client_refused}},
                   false,
                   {550, "5.7.1 no"}},
        ScriptCase{"RefusedInWordsOnly",
                   postfix_ehlo,
                   introduce,
                   one_line,
                   {{"550 no\r\n", "", Outcome::identity_refused}},
                   false,
                   {550, "no"}},
        ScriptCase{"InATransaction",
                   postfix_ehlo,
                   introduce,
                   one_line,
                   {{"503 5.5.1 Error: MAIL transaction in progress\r\n", "", Outcome::identity_refused}},
                   false,
                   {503, "5.5.1 Error: MAIL transaction in progress"}},
        ScriptCase{"Bye",
                   postfix_ehlo,
                   introduce,
                   one_line,
                   {{"421 bye\r\n", "", Outcome::client_refused}},
                   false,
                   {421, "bye"}},
        ScriptCase{"HeloNameRefused",
                   postfix_ehlo,
                   introduce,
                   one_line,
                   {{"220 mx\r\n", client_ehlo, Outcome::none},
                    {"504 5.5.2 no name\r\n", "", Outcome::helo_refused}},
                   false,
                   {504, "5.5.2 no name"}},
        ScriptCase{
            "TalkingOn",
            postfix_ehlo,
            introduce,
            one_line,
            {{"220 mx\r\n", client_ehlo, Outcome::none}, {postfix_ehlo + "250 x\r\n", "", Outcome::lost}},
            false,
            {}}),
    name_of);

TEST(OutOfTurn, AReplyToACommandNotYetSentFinishesTheConnection) {
    for (const std::string replies : {"220 mx\r\n250 too soon\r\n", "220 mx\r\n250 too"}) {
        Dialogue dialogue("front.example");
        dialogue.open("");
        EXPECT_EQ(dialogue.receive(replies), Outcome::lost) << replies;
        EXPECT_FALSE(dialogue.usable());
    }
}

TEST(OutOfTurn, ATwofoldReplyInLockstepIsNotTakenForTheNext) {
    Dialogue dialogue("front.example");
    open(dialogue, "250 mx\r\n");
    ASSERT_TRUE(dialogue.ask(envelope_to({"r@example.net", ""})));
    dialogue.output().clear();
    EXPECT_EQ(dialogue.receive("250 Ok\r\n250 and one more\r\n"), Outcome::lost);
    EXPECT_FALSE(dialogue.usable());
}

TEST(Authentication, IsOneLineAtATime) {
    Dialogue dialogue("front.example");
    open(dialogue, postfix_ehlo);
    const std::string smuggling = "AUTH PLAIN\r\nMAIL FROM:<a@example.org>";
#ifndef NDEBUG
    // The server side lets no such line through: here it is a broken invariant, which ends the worker.
    EXPECT_DEATH(static_cast<void>(dialogue.say(smuggling)), "clean");
#else
    EXPECT_FALSE(dialogue.say(smuggling));
    EXPECT_EQ(dialogue.output(), "");
    EXPECT_TRUE(dialogue.idle());
#endif
    ASSERT_TRUE(dialogue.say("AUTH PLAIN AGEAcHc="));
    EXPECT_EQ(dialogue.output(), "AUTH PLAIN AGEAcHc=\r\n");
}

TEST(Introduction, ByHeloKeepsTheXclientAttributesAndEndsPipelining) {
    Dialogue dialogue("front.example");
    open(dialogue, postfix_ehlo);
    dialogue.introduce(one_line, "c", false);
    dialogue.output().clear();
    converse(dialogue, {"220 mx\r\n", "HELO c\r\n", Outcome::none}, 0);
    converse(dialogue, {"250 mx\r\n", "", Outcome::introduced}, 0);
    EXPECT_EQ(dialogue.ehlo().xclient, "NAME ADDR PROTO HELO");
    ASSERT_TRUE(dialogue.ask(envelope_to({"r@example.net", ""})));
    EXPECT_EQ(dialogue.output(), "MAIL FROM:<s@example.org> SIZE=10\r\n");
}

}  // namespace
}  // namespace sluice::smtp
