// Compares the table of senders' clocks with what it describes: docs/guide/senders.md.
#include <fmt/format.h>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>
#include <string>
#include <string_view>

#include "policy/patience.hpp"

namespace sluice::app {
namespace {

using testing::HasSubstr;

std::string_view text_of(policy::Counts counts) {
    switch (counts) {
        case policy::Counts::gap: return "silence";
        case policy::Counts::reply: return "the reply";
        case policy::Counts::greeting_reply: return "the greeting as a whole, else silence";
        case policy::Counts::nothing: break;
    }
    return "nothing";
}

std::string seconds_text(int seconds) {
    if (seconds == 0) return "not awaited";
    return seconds < 0 ? "> 660" : std::to_string(seconds);
}

TEST(SenderGuide, TellsOfEverySender) {
    std::ifstream in(SLUICE_DOCS "/guide/senders.md", std::ios::binary);
    const std::string guide{std::istreambuf_iterator<char>(in), {}};
    std::string table =
        "| sender | version | its clock counts | greeting | EHLO | MAIL | RCPT | DATA | after the dot | QUIT "
        "|\n"
        "|---|---|---|---|---|---|---|---|---|---|\n";
    for (const policy::Sender& sender : policy::known_senders()) {
        table += fmt::format("| {} | {} | {} |", sender.name, sender.version, text_of(sender.counts));
        for (const int seconds : sender.seconds)
            table += fmt::format(" {} |", seconds_text(seconds));
        table += '\n';
    }
    EXPECT_THAT(guide, HasSubstr(table)) << "put this into docs/guide/senders.md:\n" << table;
}

}  // namespace
}  // namespace sluice::app
