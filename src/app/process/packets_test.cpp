#include "app/process/packets.hpp"

#include <gtest/gtest.h>

namespace sluice::app {
namespace {

using namespace std::string_view_literals;

TEST(Packets, ACommandIsAWholeWord) {
    for (const Command command : {Command::reload, Command::upgrade, Command::metrics, Command::sessions})
        EXPECT_EQ(read_command(word_of(command)), command);
    for (const std::string_view packet : {""sv, "reloa"sv, "reload "sv, "reload\n"sv, "reload\0"sv,
                                          " reload"sv, "Reload"sv, "reloadupgrade"sv, "\0"sv, "done"sv})
        EXPECT_FALSE(read_command(packet)) << packet;
}

TEST(Packets, AnAnswerIsReadAsItWasMeant) {
    struct Case {
        std::vector<std::string> errors;
        std::string packet;
        Answered answered;
    };
    const Case cases[] = {
        {{}, "done\n", {true, ""}},
        {{"f:1:2: bad"}, "refused\nf:1:2: bad\n", {false, "f:1:2: bad\n"}},
        {{"bad", "worse"}, "refused\nbad\nworse\n", {false, "bad\nworse\n"}},
        {{""}, "refused\n\n", {false, "\n"}},
        {{"done"}, "refused\ndone\n", {false, "done\n"}},
    };
    for (const Case& each : cases) {
        EXPECT_EQ(answer_packet(answer_of(each.errors)), each.packet);
        EXPECT_EQ(read_answer(each.packet), each.answered) << each.packet;
    }
}

TEST(Packets, WhatWasAskedForIsCarriedAsItIs) {
    const Answered shown{.done = true, .lines = "# HELP x y\nx 1\n"};
    EXPECT_EQ(answer_packet(shown), "done\n# HELP x y\nx 1\n");
    EXPECT_EQ(read_answer(answer_packet(shown)), shown);
}

TEST(Packets, WhatIsNoAnswerIsNotDone) {
    for (const std::string_view packet :
         {""sv, "done"sv, "done \n"sv, "undone\n"sv, "\ndone\n"sv, "refused"sv})
        EXPECT_EQ(read_answer(packet), (Answered{false, std::string(packet)})) << packet;
    EXPECT_EQ(read_answer("done\nby the way"), (Answered{true, "by the way"}));
}

TEST(Packets, AnAnswerIsBounded) {
    constexpr std::size_t frame = "refused\n"sv.size() + 1;
    const auto refusal = [](std::size_t octets) {
        return answer_packet(answer_of({std::string(octets, 'x')}));
    };
    EXPECT_EQ(refusal(answer_octets_max - frame).size(), answer_octets_max);
    const std::string cut = refusal(answer_octets_max - frame + 1);
    EXPECT_EQ(cut.size(), answer_octets_max);
    EXPECT_TRUE(cut.ends_with('x')) << "its last octet, the end of the line, is what was cut";
    EXPECT_FALSE(read_answer(cut).done);
}

TEST(Packets, ASuccessorIsUpOrComplains) {
    EXPECT_EQ(read_successor(up_packet), (SuccessorSaid{true, {}}));
    EXPECT_EQ(read_successor("!"), (SuccessorSaid{false, ""}));
    EXPECT_EQ(read_successor("!up"), (SuccessorSaid{false, "up"}));
    EXPECT_EQ(read_successor("!no\nuser"), (SuccessorSaid{false, "no\nuser"}));
    for (const std::string_view packet : {""sv, "u"sv, "UP"sv, "up\n"sv, "up\0"sv, " !"sv})
        EXPECT_FALSE(read_successor(packet)) << packet;
}

TEST(Packets, AComplaintIsBounded) {
    const std::string longest(successor_octets_max - 1, 'x');
    EXPECT_EQ(complaint_packet(longest), "!" + longest);
    EXPECT_EQ(complaint_packet(longest + 'y'), "!" + longest);
    EXPECT_EQ(complaint_packet(""), "!");
}

}  // namespace
}  // namespace sluice::app
