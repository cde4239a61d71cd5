// Scripted conversations for the tests of dialogue.hpp: what the MTA says, what we must have said by then,
// and the outcome.
#pragma once

#include <algorithm>
#include <functional>
#include <gtest/gtest.h>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "smtp/dialogue.hpp"

namespace sluice::smtp {

using Outcome = Dialogue::Outcome;
using Stage = Dialogue::Stage;

inline const std::string postfix_ehlo =
    "250-mx.internal\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250-XCLIENT NAME ADDR PROTO HELO\r\n"
    "250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250 DSN\r\n";
inline const std::string lockstep_ehlo = "250-mx.internal\r\n250-XCLIENT ADDR\r\n250 SIZE\r\n";

inline Envelope envelope(std::size_t recipients) {
    Envelope envelope{"s@example.org", "SIZE=10", {}};
    for (std::size_t i = 0; i < recipients; ++i)
        envelope.recipients.push_back({"r" + std::to_string(i) + "@example.net", ""});
    return envelope;
}

inline Envelope envelope_to(Recipient recipient) {
    return {"s@example.org", "SIZE=10", {std::move(recipient)}};
}

/// The replies of the MTA, the commands that we must have sent by then, and the outcome.
struct Exchange {
    std::string replies;
    std::string commands;
    Outcome outcome;
};

/// Gives the dialogue the replies in two parts, and expects the same result as if they were one.
inline void converse(Dialogue& dialogue, const Exchange& exchange, std::size_t split) {
    split = std::min(split, exchange.replies.size());
    Outcome outcome = dialogue.receive(std::string_view(exchange.replies).substr(0, split));
    // Replies out of turn may come with the last reply or after it; the connection is finished either way.
    const Outcome later = dialogue.receive(std::string_view(exchange.replies).substr(split));
    const bool decided =
        outcome == Outcome::verified || outcome == Outcome::refused || outcome == Outcome::delivered;
    if (!decided && later != Outcome::none) outcome = later;
    EXPECT_EQ(outcome, exchange.outcome) << exchange.replies << "split at " << split;
    EXPECT_EQ(dialogue.output(), exchange.commands) << exchange.replies << "split at " << split;
    dialogue.output().clear();
}

inline void open(Dialogue& dialogue, const std::string& ehlo) {
    dialogue.open("");
    converse(dialogue, {"220 mx.internal ESMTP\r\n", "EHLO front.example\r\n", Outcome::none}, 0);
    converse(dialogue, {ehlo, "", Outcome::opened}, 0);
}

struct ScriptCase {
    const char* name;
    std::string ehlo;  // empty = start before the greeting
    std::function<void(Dialogue&)> task;
    std::string commands;  // sent at once
    std::vector<Exchange> exchanges;
    bool usable;
    Reply reply;
    Stage refused_at = Stage::idle;
};

inline void PrintTo(const ScriptCase& script, std::ostream* out) {
    *out << script.name;
}

/// Runs the script once for each place where its replies can be split.
inline void run_at_every_split(const ScriptCase& script) {
    std::size_t longest = 0;
    for (const Exchange& exchange : script.exchanges)
        longest = std::max(longest, exchange.replies.size());
    for (std::size_t split = 0; split <= longest; ++split) {
        Dialogue dialogue("front.example");
        if (!script.ehlo.empty()) open(dialogue, script.ehlo);
        script.task(dialogue);
        EXPECT_EQ(dialogue.output(), script.commands);
        dialogue.output().clear();
        for (const Exchange& exchange : script.exchanges)
            converse(dialogue, exchange, split);
        EXPECT_EQ(dialogue.usable(), script.usable);
        EXPECT_EQ(dialogue.reply(), script.reply);
        EXPECT_EQ(dialogue.refused_at(), script.refused_at);
    }
}

inline std::string name_of(const testing::TestParamInfo<ScriptCase>& script) {
    return script.param.name;
}

}  // namespace sluice::smtp
