// What is said in packets: over the control socket by an operator's command and the supervisor, and by a new
// program to the one it takes over from. Words only: control.cpp and successor.cpp carry them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::app {

/// What an operator can ask a running supervisor for.
enum class Command : std::uint8_t { reload, upgrade, metrics, sessions };

std::string_view word_of(Command command);
/// Nothing when it is no command; a word is one as a whole only.
std::optional<Command> read_command(std::string_view packet);

/// Whether the supervisor has done what it was asked for, and lines for the operator: what is wrong, or what
/// he asked to see.
struct Answered {
    bool done = false;
    std::string lines;
    bool operator==(const Answered&) const = default;
};

inline constexpr std::size_t answer_octets_max = 65'536;

/// Done when there are no errors; a line for each.
Answered answer_of(const std::vector<std::string>& errors);

/// "done" or "refused", and the lines, cut to `answer_octets_max`.
std::string answer_packet(const Answered& answer);
/// What is no such packet is a refusal, and stands in `lines` as it is.
Answered read_answer(std::string_view packet);

/// What a new program says of its start.
struct SuccessorSaid {
    bool up = false;             // its workers serve
    std::string_view complaint;  // otherwise: why it will not be up; a part of the packet
    bool operator==(const SuccessorSaid&) const = default;
};

inline constexpr std::size_t successor_octets_max = 4096;

inline constexpr std::string_view up_packet = "up";
/// Cut to `successor_octets_max`.
std::string complaint_packet(std::string_view error);
/// Nothing when it is neither.
std::optional<SuccessorSaid> read_successor(std::string_view packet);

}  // namespace sluice::app
