// The end of a delivery, the end of a connection, and the state after both.

#include "smtp/testing/dialogue_script.hpp"

namespace sluice::smtp {
namespace {

class Endings : public testing::TestWithParam<ScriptCase> {};

TEST_P(Endings, RunTheSameSplitAnywhere) {
    run_at_every_split(GetParam());
}

const auto ask = [](Dialogue& dialogue) {
    ASSERT_TRUE(dialogue.ask(envelope_to({"r@example.net", "NOTIFY=NEVER"})));
};
const auto deliver_one = [](Dialogue& dialogue) { ASSERT_TRUE(dialogue.deliver(envelope(1))); };
const auto to_content = [](Dialogue& dialogue) {
    deliver_one(dialogue);
    dialogue.output().clear();
    EXPECT_EQ(dialogue.receive("250 a\r\n250 b\r\n354 c\r\n"), Outcome::content);
};
const auto to_dot = [](Dialogue& dialogue) {
    to_content(dialogue);
    dialogue.content_sent();
};

INSTANTIATE_TEST_SUITE_P(
    Content, Endings,
    testing::Values(ScriptCase{"Delivered",
                               postfix_ehlo,
                               to_dot,
                               "",
                               {{"250 2.0.0 Ok: queued as X\r\n", "", Outcome::delivered}},
                               true,
                               {250, "2.0.0 Ok: queued as X"},
                               Stage::dot},
                    // The transaction may still be open (Postfix, smtpd_end_of_data_restrictions).
                    ScriptCase{"Refused",
                               postfix_ehlo,
                               to_dot,
                               "",
                               {{"550 5.7.1 spam\r\n", "RSET\r\n", Outcome::none},
                                {"250 2.0.0 Ok\r\n", "", Outcome::refused}},
                               true,
                               {550, "5.7.1 spam"},
                               Stage::dot},
                    ScriptCase{"Deferred",
                               postfix_ehlo,
                               to_dot,
                               "",
                               {{"451 4.3.0 later\r\n", "RSET\r\n", Outcome::none},
                                {"250 2.0.0 Ok\r\n", "", Outcome::refused}},
                               true,
                               {451, "4.3.0 later"},
                               Stage::dot},
                    ScriptCase{"RefusedAndNoReset",
                               postfix_ehlo,
                               to_dot,
                               "",
                               {{"550 5.7.1 spam\r\n", "RSET\r\n", Outcome::none},
                                {"503 5.5.1 no\r\n", "", Outcome::refused}},
                               false,
                               {550, "5.7.1 spam"},
                               Stage::dot},
                    ScriptCase{"RefusedAndGoodbye",
                               postfix_ehlo,
                               to_dot,
                               "",
                               {{"521 5.3.2 never\r\n", "", Outcome::refused}},
                               false,
                               {521, "5.3.2 never"},
                               Stage::dot},
                    ScriptCase{"Nonsense",
                               postfix_ehlo,
                               to_dot,
                               "",
                               {{"354 go on\r\n", "", Outcome::lost}},
                               false,
                               {354, "go on"}},
                    ScriptCase{"TalkingOn",
                               postfix_ehlo,
                               to_dot,
                               "",
                               {{"250 Ok\r\n250 x\r\n", "", Outcome::delivered}},
                               false,
                               {250, "Ok"},
                               Stage::dot},
                    ScriptCase{"RefusedBeforeTheDot",
                               postfix_ehlo,
                               to_content,
                               "",
                               {{"552 5.3.4 big\r\n", "", Outcome::refused}},
                               false,
                               {552, "5.3.4 big"},
                               Stage::content},
                    // A message whose end was never sent must not count as accepted.
                    ScriptCase{"TakenBeforeTheDot",
                               postfix_ehlo,
                               to_content,
                               "",
                               {{"250 Ok\r\n", "", Outcome::lost}},
                               false,
                               {}}),
    name_of);

TEST(Lost, KeepsARefusalThatWasOnlyOwedItsReset) {
    Dialogue dialogue("front.example");
    open(dialogue, postfix_ehlo);
    to_dot(dialogue);
    EXPECT_EQ(dialogue.receive("550 5.7.1 spam\r\n"), Outcome::none);
    EXPECT_FALSE(dialogue.idle());
    EXPECT_EQ(dialogue.lost(), Outcome::refused);
    EXPECT_EQ(dialogue.reply(), (Reply{550, "5.7.1 spam"}));
    EXPECT_EQ(dialogue.refused_at(), Stage::dot);
}

TEST(Lost, KeepsAnAnswerThatWasOnlyOwedItsReset) {
    Dialogue dialogue("front.example");
    open(dialogue, postfix_ehlo);
    ask(dialogue);
    EXPECT_EQ(dialogue.receive("250 a\r\n550 5.1.1 b\r\n"), Outcome::none);
    EXPECT_EQ(dialogue.lost(), Outcome::verified);
    EXPECT_EQ(dialogue.reply(), (Reply{550, "5.1.1 b"}));
    EXPECT_FALSE(dialogue.usable());
    EXPECT_EQ(dialogue.lost(), Outcome::none);
    EXPECT_EQ(dialogue.receive("250 c\r\n"), Outcome::none);
}

TEST(Lost, SaysNothingTwice) {
    Dialogue dialogue("front.example");
    open(dialogue, postfix_ehlo);
    ask(dialogue);
    EXPECT_EQ(dialogue.receive("250 a\r\n250 b\r\n250 c\r\n"), Outcome::verified);
    EXPECT_EQ(dialogue.lost(), Outcome::lost);
}

TEST(Lost, DecidesNothingAfterTheDot) {
    Dialogue dialogue("front.example");
    open(dialogue, postfix_ehlo);
    to_dot(dialogue);
    EXPECT_EQ(dialogue.receive("250 2.0.0 O"), Outcome::none);
    EXPECT_EQ(dialogue.lost(), Outcome::lost);
    EXPECT_EQ(dialogue.reply(), Reply());
}

TEST(Lost, CountsTheRepliesOfTheTask) {
    Dialogue dialogue("front.example");
    open(dialogue, postfix_ehlo);
    ask(dialogue);
    EXPECT_EQ(dialogue.replies(), 0U);
    EXPECT_EQ(dialogue.receive("250 a\r\n"), Outcome::none);
    EXPECT_EQ(dialogue.replies(), 1U);
}

TEST(Idle, AnyWordFinishesTheConnection) {
    for (const char* words : {"421 timeout\r\n", "250 hello\r\n", "x\r\n"}) {
        Dialogue dialogue("front.example");
        open(dialogue, postfix_ehlo);
        EXPECT_EQ(dialogue.receive(words), Outcome::lost);
        EXPECT_FALSE(dialogue.usable());
    }
}

TEST(Lost, KeepsARefusalBehindWhichMoreWasSaid) {
    Dialogue dialogue("front.example");
    open(dialogue, postfix_ehlo);
    to_dot(dialogue);
    EXPECT_EQ(dialogue.receive("550 5.7.1 spam\r\n250 x\r\n"), Outcome::refused);
    EXPECT_EQ(dialogue.reply(), (Reply{550, "5.7.1 spam"}));
    EXPECT_FALSE(dialogue.usable());
}

TEST(Words, AreKeptWithWhatTheyAnswer) {
    struct Said {
        std::string replies;
        Stage at;
    };
    for (const Said& said :
         {Said{"421 a\r\n", Stage::mail}, Said{"250 a\r\n421 b\r\n", Stage::recipient},
          Said{"250 a\r\n250 b\r\n421 c\r\n", Stage::data}, Said{"250 a\r\nwhat\r\n", Stage::recipient}}) {
        Dialogue dialogue("front.example");
        open(dialogue, postfix_ehlo);
        deliver_one(dialogue);
        EXPECT_EQ(dialogue.receive(said.replies), Outcome::lost) << said.replies;
        EXPECT_EQ(dialogue.replied_at(), said.at) << said.replies;
    }
}

TEST(Idle, ServesOneTaskAfterAnother) {
    Dialogue dialogue("front.example");
    open(dialogue, postfix_ehlo);
    for (int i = 0; i < 3; ++i) {
        dialogue.introduce("XCLIENT ADDR=192.0.2.7\r\n", "client.example", true);
        dialogue.output().clear();
        EXPECT_EQ(dialogue.receive("220 mx\r\n"), Outcome::none);
        dialogue.output().clear();
        EXPECT_EQ(dialogue.receive(postfix_ehlo), Outcome::introduced);
        ask(dialogue);
        dialogue.output().clear();
        EXPECT_EQ(dialogue.receive("250 a\r\n450 b\r\n250 c\r\n"), Outcome::verified);
        to_dot(dialogue);
        EXPECT_EQ(dialogue.receive("250 Ok\r\n"), Outcome::delivered);
    }
    dialogue.quit();
    EXPECT_EQ(dialogue.output(), "QUIT\r\n");
    EXPECT_EQ(dialogue.receive("221 bye\r\n"), Outcome::lost);
}

}  // namespace
}  // namespace sluice::smtp
