#include "app/worker/held_text.hpp"

#include <system_error>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <fmt/format.h>
#include <iterator>
#include <vector>

#include "base/decimal.hpp"

namespace sluice::app {

namespace {

using front::HeldSession;
using front::HeldSessions;
using front::LaneTotal;

constexpr std::array lanes{policy::Lane::fast, policy::Lane::slow, policy::Lane::defer, policy::Lane::reject};
static_assert(lanes.size() == HeldSessions::lanes);

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    while (!line.empty()) {
        const std::size_t end = std::min(line.find(' '), line.size());
        words.push_back(line.substr(0, end));
        line.remove_prefix(std::min(end + 1, line.size()));
    }
    return words;
}

/// False when the word is no number.
bool read(std::string_view word, std::uint64_t& number) {
    const auto found = parse_decimal<std::uint64_t>(word);
    number = found.value_or(0);
    return found.has_value();
}

bool read(std::string_view word, int& number) {
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    return error == std::errc{} && end == word.data() + word.size();
}

bool read(std::string_view word, policy::Lane& lane) {
    const auto found = policy::lane_named(word);
    lane = found.value_or(policy::Lane::fast);
    return found.has_value();
}

bool read(std::string_view word, judge::Stage& stage) {
    for (std::size_t i = 0; i < front::stages; ++i) {
        stage = static_cast<judge::Stage>(i);
        if (name_of(stage) == word) return true;
    }
    return false;
}

bool read(std::string_view word, IpAddress& address) {
    const auto found = IpAddress::parse(word);
    address = found.value_or(IpAddress());
    return found.has_value();
}

/// False when the words are no such line.
bool take_line(const std::vector<std::string_view>& words, HeldSessions& held) {
    if (words.empty()) return false;
    if (words[0] == "processes" && words.size() == 4)
        return read(words[1], held.workers) && read(words[2], held.silent_workers) &&
               read(words[3], held.memory_octets);
    if (words[0] == "lane" && words.size() == 5) {
        policy::Lane lane{};
        if (!read(words[1], lane)) return false;
        LaneTotal& total = held.of(lane);
        return read(words[2], total.sessions) && read(words[3], total.octets_in) &&
               read(words[4], total.octets_out);
    }
    if (words[0] != "session" || words.size() != 8) return false;
    if (held.oldest.size() >= HeldSessions::lanes * HeldSessions::oldest_max) return false;
    HeldSession& one = held.oldest.emplace_back();
    return read(words[1], one.client) && read(words[2], one.lane) && read(words[3], one.stage) &&
           read(words[4], one.score) && read(words[5], one.seconds) && read(words[6], one.octets_in) &&
           read(words[7], one.octets_out);
}

/// Sorts by duration, the longest first, and then by address, so that a list does not depend on who made it.
void sort_oldest_first(std::vector<HeldSession>& sessions) {
    std::ranges::stable_sort(sessions, [](const HeldSession& left, const HeldSession& right) {
        if (left.seconds != right.seconds) return left.seconds > right.seconds;
        return left.client < right.client;
    });
}

std::string memory_text(const HeldSessions& held) {
    std::string text = fmt::format("memory {} MiB, of {} worker{}\n", held.memory_octets >> 20U, held.workers,
                                   held.workers == 1 ? "" : "s");
    if (held.silent_workers > 0)
        text += fmt::format("{} worker{} did not answer in time: the sessions there are not counted\n",
                            held.silent_workers, held.silent_workers == 1 ? "" : "s");
    return text;
}

void append_totals(std::string& text, const HeldSessions& held) {
    constexpr auto row = "{:<7} {:>9} {:>14} {:>14}\n";
    fmt::format_to(std::back_inserter(text), row, "LANE", "SESSIONS", "OCTETS IN", "OCTETS OUT");
    LaneTotal all;
    for (const policy::Lane lane : lanes) {
        const LaneTotal& total = held.of(lane);
        fmt::format_to(std::back_inserter(text), row, name_of(lane), total.sessions, total.octets_in,
                       total.octets_out);
        all.sessions += total.sessions;
        all.octets_in += total.octets_in;
        all.octets_out += total.octets_out;
    }
    fmt::format_to(std::back_inserter(text), row, "all", all.sessions, all.octets_in, all.octets_out);
}

}  // namespace

std::string to_text(const HeldSessions& held) {
    std::string text =
        fmt::format("processes {} {} {}\n", held.workers, held.silent_workers, held.memory_octets);
    for (const policy::Lane lane : lanes) {
        const LaneTotal& total = held.of(lane);
        fmt::format_to(std::back_inserter(text), "lane {} {} {} {}\n", name_of(lane), total.sessions,
                       total.octets_in, total.octets_out);
    }
    for (const HeldSession& one : held.oldest)
        fmt::format_to(std::back_inserter(text), "session {} {} {} {} {} {} {}\n", one.client.to_string(),
                       name_of(one.lane), name_of(one.stage), one.score, one.seconds, one.octets_in,
                       one.octets_out);
    return text;
}

std::optional<HeldSessions> parse_held(std::string_view text) {
    HeldSessions held;
    if (text.empty()) return std::nullopt;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos) return std::nullopt;  // cut off
        if (!take_line(words_of(text.substr(0, end)), held)) return std::nullopt;
        text.remove_prefix(end + 1);
    }
    return held;
}

void add(HeldSessions& sum, const HeldSessions& more) {
    for (const policy::Lane lane : lanes) {
        LaneTotal& total = sum.of(lane);
        total.sessions += more.of(lane).sessions;
        total.octets_in += more.of(lane).octets_in;
        total.octets_out += more.of(lane).octets_out;
    }
    sum.workers += more.workers;
    sum.silent_workers += more.silent_workers;
    sum.memory_octets += more.memory_octets;
    sum.oldest.insert(sum.oldest.end(), more.oldest.begin(), more.oldest.end());
    sort_oldest_first(sum.oldest);
    std::array<std::size_t, HeldSessions::lanes> named{};
    std::erase_if(sum.oldest, [&](const HeldSession& one) {
        return ++named.at(static_cast<std::size_t>(one.lane)) > HeldSessions::oldest_max;
    });
}

std::string held_table(const HeldSessions& held, const HeldWanted& wanted) {
    std::string text;
    append_totals(text, held);
    text += memory_text(held);
    std::vector<HeldSession> sessions = held.oldest;
    sort_oldest_first(sessions);
    std::erase_if(sessions, [&](const HeldSession& one) { return wanted.lane && one.lane != *wanted.lane; });
    sessions.resize(std::min(sessions.size(), wanted.top));
    if (sessions.empty()) return text;
    constexpr auto row = "{:<39} {:<7} {:<9} {:>7} {:>11} {:>11} {:>6}\n";
    text += '\n';
    fmt::format_to(std::back_inserter(text), row, "CLIENT", "LANE", "STAGE", "SECONDS", "OCTETS IN",
                   "OCTETS OUT", "SCORE");
    for (const HeldSession& one : sessions)
        fmt::format_to(std::back_inserter(text), row, one.client.to_string(), name_of(one.lane),
                       name_of(one.stage), one.seconds, one.octets_in, one.octets_out, one.score);
    return text;
}

}  // namespace sluice::app
