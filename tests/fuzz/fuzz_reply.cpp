// Octets that an MTA may send: the reply parser alone, and the dialogue on top of it.
//
// Checked: the same octets, split anywhere, give the same replies and outcomes; every bound is kept; no
// command is sent together with XCLIENT; and "delivered" is reported only after content_sent().
#include <algorithm>
#include <string>
#include <vector>

#include "fuzz/cuts.hpp"
#include "fuzz/expect.hpp"
#include "smtp/dialogue.hpp"
#include "smtp/reply_parser.hpp"

namespace {

using namespace sluice;
using smtp::Dialogue;
using smtp::Reply;
using smtp::ReplyParser;
using Outcome = Dialogue::Outcome;

struct Parsed {
    std::vector<Reply> replies;
    ReplyParser::Result end = ReplyParser::Result::more;

    bool operator==(const Parsed&) const = default;
};

Parsed parse(const std::vector<std::string_view>& parts) {
    ReplyParser parser;
    Parsed parsed;
    for (std::string_view part : parts) {
        parsed.end = parser.next(part);
        for (; parsed.end == ReplyParser::Result::reply; parsed.end = parser.next(part)) {
            const Reply& reply = parser.reply();
            FUZZ_EXPECT(reply.code >= 200 && reply.code <= 599);
            FUZZ_EXPECT(reply.text.size() <= ReplyParser::lines_max * ReplyParser::line_octets_max);
            FUZZ_EXPECT(std::ranges::count(reply.text, '\n') <
                        static_cast<std::ptrdiff_t>(ReplyParser::lines_max));
            parsed.replies.push_back(reply);
        }
        if (parsed.end == ReplyParser::Result::more) FUZZ_EXPECT(part.empty());
    }
    return parsed;
}

/// Gives an idle dialogue one task after another, chosen by `steering`.
void next_task(Dialogue& dialogue, unsigned& steering) {
    const smtp::Envelope envelope{
        "s@example.org", "SIZE=9", {{"a@example.net", ""}, {"b@example.net", "NOTIFY=NEVER"}}};
    const unsigned task = steering % 4;
    steering = steering / 4 + 64;
    if (task == 0) {
        dialogue.introduce("XCLIENT NAME=a\r\nXCLIENT ADDR=192.0.2.1\r\n", "c", steering % 2 == 0);
    } else if (task == 1) {
        static_cast<void>(dialogue.ask(envelope));
    } else if (task == 2) {
        static_cast<void>(dialogue.deliver(envelope));
    } else {
        static_cast<void>(dialogue.deliver({"", "", {{"a@example.net", ""}}}));
    }
}

/// The outcomes of the dialogue, as text.
std::string converse(const std::vector<std::string_view>& parts, unsigned steering) {
    Dialogue dialogue("front.example");
    dialogue.open("");
    std::string log;
    bool sent = false;
    for (const std::string_view part : parts) {
        // The octets go in one by one, so that a task always begins at the same place: octets left over
        // would, correctly, end the dialogue.
        for (const char& octet : part) {
            const Outcome outcome = dialogue.receive({&octet, 1});
            if (dialogue.output().find("XCLIENT") != std::string::npos)
                FUZZ_EXPECT(std::ranges::count(dialogue.output(), '\n') == 1);
            log += dialogue.output();
            dialogue.output().clear();
            if (outcome == Outcome::none) continue;
            log += "-> " + std::to_string(static_cast<int>(outcome)) + " " + dialogue.reply().text + "\n";
            if (outcome == Outcome::delivered) FUZZ_EXPECT(sent && dialogue.reply().positive());
            if (outcome == Outcome::content) dialogue.content_sent();
            sent = outcome == Outcome::content;
            if (dialogue.idle()) next_task(dialogue, steering);
        }
    }
    const Outcome last = dialogue.lost();
    FUZZ_EXPECT(last != Outcome::delivered && last != Outcome::content && last != Outcome::introduced);
    FUZZ_EXPECT(!dialogue.usable());
    return log;
}

/// With pieces of any size nothing may crash, and no outcome may be "delivered".
void gulp(const std::vector<std::string_view>& parts, unsigned steering) {
    Dialogue dialogue("front.example");
    dialogue.open("");
    for (const std::string_view part : parts) {
        const Outcome outcome = dialogue.receive(part);
        dialogue.output().clear();
        if (outcome == Outcome::content) {
            FUZZ_EXPECT(dialogue.recipients().empty() || dialogue.recipients().back().positive());
        }
        FUZZ_EXPECT(outcome != Outcome::delivered);  // content_sent() is never called
        if (dialogue.idle()) next_task(dialogue, steering);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    std::string_view stream = fuzz::as_text(octets, size);
    const unsigned steering = fuzz::take_octet(stream) | fuzz::take_octet(stream) << 8U;
    const unsigned seed = fuzz::take_octet(stream);
    const auto parts = fuzz::cut(stream, seed);
    FUZZ_EXPECT(parse({stream}) == parse(parts));
    FUZZ_EXPECT(converse({stream}, steering) == converse(parts, steering));
    gulp(parts, steering);
    return 0;
}
