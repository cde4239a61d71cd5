#include "load/script.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace load {
namespace {

using testing::ElementsAre;

ClassOptions options(Kind kind, bool pipelined = false) {
    ClassOptions made;
    made.kind = kind;
    made.pipelined = pipelined;
    return made;
}

TEST(Message, HasExactlyTheSizeAskedForAndEndsItsLines) {
    for (const std::size_t size : {400U, 512U, 4096U, 4097U, 65536U, 10'000'000U}) {
        const std::string message = make_message(size);
        EXPECT_EQ(message.size(), size);
        EXPECT_TRUE(message.ends_with("\r\n"));
        EXPECT_EQ(message.find("\n."), std::string::npos);
    }
}

TEST(Script, MailStepByStep) {
    const Script script = make_script(options(Kind::mail));
    ASSERT_EQ(script.steps.size(), 7U);
    EXPECT_EQ(script.unit_begin, 2U);
    EXPECT_EQ(script.unit_end, 6U);
    EXPECT_EQ(script.decided_at, 5U);
    EXPECT_TRUE(script.steps[5].octets.ends_with("\r\n.\r\n"));
    EXPECT_EQ(script.steps[6].octets, "QUIT\r\n");
}

TEST(Script, PipelinedMailIsOneWriteBeforeTheMessage) {
    const Script script = make_script(options(Kind::mail, true));
    ASSERT_EQ(script.steps.size(), 5U);
    EXPECT_THAT(script.steps[2].replies, ElementsAre(250, 250, 354));
    EXPECT_TRUE(script.steps[2].octets.ends_with("RCPT TO:<good@bench.test>\r\nDATA\r\n"));
}

TEST(Script, RandomRecipientsHaveTheirDigitsBeforeTheAt) {
    for (const bool pipelined : {false, true}) {
        ClassOptions guessing = options(Kind::bounce, pipelined);
        guessing.random_recipients = true;
        const Script script = make_script(guessing);
        const Step& step = script.steps[script.decided_at];
        ASSERT_NE(step.digits_at, std::string::npos);
        EXPECT_EQ(step.octets.substr(step.digits_at - 7, 7 + Script::digits + 1), "unknown0000000000000000@");
    }
}

TEST(Script, APersistentBounceResetsBetweenUnits) {
    ClassOptions twice = options(Kind::bounce);
    twice.persistent = 2;
    const Script script = make_script(twice);
    EXPECT_EQ(script.steps[script.unit_end - 1].name, "RSET");
    EXPECT_EQ(script.decided_at, script.unit_end - 2);
}

TEST(Script, ALorisTricklesAllItSaysAndADripSenderItsMessageOnly) {
    for (const Step& step : make_script(options(Kind::loris)).steps)
        EXPECT_EQ(step.trickled, !step.octets.empty()) << step.name;
    const Script drip = make_script(options(Kind::drip));
    for (std::size_t i = 0; i < drip.steps.size(); ++i)
        EXPECT_EQ(drip.steps[i].trickled, i == drip.decided_at) << drip.steps[i].name;
}

TEST(Script, WhoOnlyLooksInSaysNothing) {
    for (const bool reset : {false, true}) {
        ClassOptions looking = options(Kind::peek);
        looking.reset = reset;
        const Script peek = make_script(looking);
        ASSERT_EQ(peek.steps.size(), 1U);
        EXPECT_TRUE(peek.steps[0].octets.empty());
        EXPECT_THAT(peek.steps[0].replies, ElementsAre(220));
        EXPECT_FALSE(peek.only_connects);
        EXPECT_EQ(peek.resets, reset);
        looking.kind = Kind::rush;
        const Script rush = make_script(looking);
        ASSERT_EQ(rush.steps.size(), 1U);
        EXPECT_THAT(rush.steps[0].replies, ElementsAre());
        EXPECT_TRUE(rush.only_connects);
        EXPECT_EQ(rush.resets, reset);
    }
}

TEST(Script, AClassOfMailMayBringBounces) {
    const Script script = make_bounce_script(options(Kind::mail));
    EXPECT_EQ(script.steps[script.decided_at].octets, "RCPT TO:<unknown@bench.test>\r\n");
    EXPECT_THAT(script.steps[script.decided_at].replies, ElementsAre(550));
}

}  // namespace
}  // namespace load
