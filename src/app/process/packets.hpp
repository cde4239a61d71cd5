// The text of packets: between an operator's command and the supervisor over the control socket, and from a
// new program to its predecessor. This part only formats and parses; control.cpp and successor.cpp do the
// I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::app {

/// The requests that an operator can make of a running supervisor.
enum class Command : std::uint8_t { reload, upgrade, metrics, sessions };

std::string_view word_of(Command command);
/// Nothing when the packet is no command; the whole packet must be the word.
std::optional<Command> read_command(std::string_view packet);

/// The supervisor's answer: whether it has done what it was asked, and lines for the operator (what is wrong,
/// or what was requested).
struct Answered {
    bool done = false;
    std::string lines;
    bool operator==(const Answered&) const = default;
};

inline constexpr std::size_t answer_octets_max = 65'536;

/// Done when there are no errors; otherwise one line for each.
Answered answer_of(const std::vector<std::string>& errors);

/// "done" or "refused" and the lines, cut to `answer_octets_max`.
std::string answer_packet(const Answered& answer);
/// Any other packet counts as a refusal, with its text in `lines`.
Answered read_answer(std::string_view packet);

/// A new program's report on its start.
struct SuccessorSaid {
    bool up = false;             // its workers serve
    std::string_view complaint;  // why it will not be up, if it is not; refers to the packet
    bool operator==(const SuccessorSaid&) const = default;
};

inline constexpr std::size_t successor_octets_max = 4096;

inline constexpr std::string_view up_packet = "up";
/// The text is cut to `successor_octets_max`.
std::string complaint_packet(std::string_view error);
/// Nothing when the packet is neither report.
std::optional<SuccessorSaid> read_successor(std::string_view packet);

}  // namespace sluice::app
