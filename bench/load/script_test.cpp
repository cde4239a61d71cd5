#include "load/script.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace load {
namespace {

using testing::ElementsAre;

Options options(Mode mode, bool pipelined = false) {
    Options made;
    made.mode = mode;
    made.pipelined = pipelined;
    made.recipient = mode == Mode::bounce ? "unknown@bench.test" : "good@bench.test";
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
    const Script script = make_script(options(Mode::mail));
    ASSERT_EQ(script.steps.size(), 7U);
    EXPECT_EQ(script.unit_begin, 2U);
    EXPECT_EQ(script.unit_end, 6U);
    EXPECT_EQ(script.decided_at, 5U);
    EXPECT_TRUE(script.steps[5].octets.ends_with("\r\n.\r\n"));
    EXPECT_EQ(script.steps[6].octets, "QUIT\r\n");
}

TEST(Script, PipelinedMailIsOneWriteBeforeTheMessage) {
    const Script script = make_script(options(Mode::mail, true));
    ASSERT_EQ(script.steps.size(), 5U);
    EXPECT_THAT(script.steps[2].replies, ElementsAre(250, 250, 354));
    EXPECT_TRUE(script.steps[2].octets.ends_with("RCPT TO:<good@bench.test>\r\nDATA\r\n"));
}

TEST(Script, RandomRecipientsHaveTheirDigitsBeforeTheAt) {
    for (const bool pipelined : {false, true}) {
        Options guessing = options(Mode::bounce, pipelined);
        guessing.random_recipients = true;
        const Script script = make_script(guessing);
        const Step& step = script.steps[script.decided_at];
        ASSERT_NE(step.digits_at, std::string::npos);
        EXPECT_EQ(step.octets.substr(step.digits_at - 7, 7 + Script::digits + 1), "unknown0000000000000000@");
    }
}

TEST(Script, APersistentBounceResetsBetweenUnits) {
    Options twice = options(Mode::bounce);
    twice.persistent = 2;
    const Script script = make_script(twice);
    EXPECT_EQ(script.steps[script.unit_end - 1].name, "RSET");
    EXPECT_EQ(script.decided_at, script.unit_end - 2);
}

}  // namespace
}  // namespace load
