#include "app/process/packets.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace sluice::app {

namespace {

constexpr std::array<std::pair<std::string_view, Command>, 4> commands{{{"reload", Command::reload},
                                                                        {"upgrade", Command::upgrade},
                                                                        {"metrics", Command::metrics},
                                                                        {"sessions", Command::sessions}}};

constexpr std::string_view done = "done\n";
constexpr std::string_view refused = "refused\n";
constexpr char complains = '!';

}  // namespace

std::string_view word_of(Command command) {
    return std::ranges::find(commands, command, &std::pair<std::string_view, Command>::second)->first;
}

std::optional<Command> read_command(std::string_view packet) {
    const auto* const found =
        std::ranges::find(commands, packet, &std::pair<std::string_view, Command>::first);
    if (found == commands.end()) return std::nullopt;
    return found->second;
}

Answered answer_of(const std::vector<std::string>& errors) {
    Answered answer{.done = errors.empty(), .lines = {}};
    for (const std::string& error : errors)
        answer.lines += error + '\n';
    return answer;
}

std::string answer_packet(const Answered& answer) {
    std::string packet(answer.done ? done : refused);
    packet += answer.lines;
    if (packet.size() > answer_octets_max) packet.resize(answer_octets_max);
    return packet;
}

Answered read_answer(std::string_view packet) {
    if (packet.starts_with(done)) return {.done = true, .lines = std::string(packet.substr(done.size()))};
    if (packet.starts_with(refused)) packet.remove_prefix(refused.size());
    return {.done = false, .lines = std::string(packet)};
}

std::string complaint_packet(std::string_view error) {
    return complains + std::string(error.substr(0, successor_octets_max - 1));
}

std::optional<SuccessorSaid> read_successor(std::string_view packet) {
    if (packet == up_packet) return SuccessorSaid{.up = true, .complaint = {}};
    if (packet.starts_with(complains)) return SuccessorSaid{.up = false, .complaint = packet.substr(1)};
    return std::nullopt;
}

}  // namespace sluice::app
