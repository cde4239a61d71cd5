#include "policy/dns_list.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <iterator>
#include <utility>

namespace sluice::policy {
namespace {

/// Parses 0 to 255, without a sign and without leading zeros, which some programs would read as octal.
std::optional<std::uint8_t> parse_octet(std::string_view text) {
    std::uint8_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    if (text.size() > 1 && text.front() == '0') return std::nullopt;
    return value;
}

std::optional<ReturnCodes::Range> parse_range(std::string_view text) {
    if (text == "*") return ReturnCodes::Range{};
    const auto dash = text.find('-');
    const auto low = parse_octet(text.substr(0, dash));
    const auto high = dash == std::string_view::npos ? low : parse_octet(text.substr(dash + 1));
    if (!low || !high || *low > *high) return std::nullopt;
    return ReturnCodes::Range{*low, *high};
}

bool shows_error(const IpAddress& answer) {
    const auto& octets = answer.octets();
    return !answer.is_v4() || octets[0] != 127 || (octets[1] == 255 && octets[2] == 255);
}

}  // namespace

std::optional<ReturnCodes> ReturnCodes::parse(std::string_view text) {
    constexpr std::string_view network = "127.";
    if (!text.starts_with(network)) return std::nullopt;
    text.remove_prefix(network.size());

    ReturnCodes codes;
    for (Range& octet : codes.octets) {
        const bool last = &octet == std::end(codes.octets) - 1;
        const auto dot = text.find('.');
        if (last != (dot == std::string_view::npos)) return std::nullopt;
        const auto range = parse_range(text.substr(0, dot));
        if (!range) return std::nullopt;
        octet = *range;
        if (!last) text.remove_prefix(dot + 1);
    }
    return codes;
}

bool ReturnCodes::contains(const IpAddress& answer) const {
    if (!answer.is_v4() || answer.octets()[0] != 127) return false;
    for (std::size_t i = 0; i < std::size(octets); ++i) {
        const std::uint8_t octet = answer.octets()[i + 1];
        if (octet < octets[i].low || octet > octets[i].high) return false;
    }
    return true;
}

bool ReturnCodes::overlaps(const ReturnCodes& other) const {
    for (std::size_t i = 0; i < std::size(octets); ++i)
        if (octets[i].low > other.octets[i].high || other.octets[i].low > octets[i].high) return false;
    return true;
}

std::string query_name(const IpAddress& client, std::string_view zone) {
    std::string name;
    name.reserve(client.bits() / 2 + zone.size());
    for (std::size_t i = client.bits() / 8; i-- > 0;) {
        const unsigned octet = client.octets()[i];
        if (client.is_v4()) {
            name += std::to_string(octet);
            name += '.';
        } else {
            constexpr std::string_view digits = "0123456789abcdef";
            name += {digits[octet & 15U], '.', digits[octet >> 4], '.'};
        }
    }
    name += zone;
    return name;
}

namespace {

/// An answer of this list with its meaning: "127.0.0.2 (SBL)".
std::string in_words(const DnsListOptions& list, const IpAddress& answer) {
    std::string text = answer.to_string();
    const auto worded = [&](const CodeMeaning& row) {
        return !row.words.empty() && row.codes.contains(answer);
    };
    if (const auto row = std::ranges::find_if(list.codes, worded); row != list.codes.end())
        text.append(" (").append(row->words).append(")");
    return text;
}

const CodeMeaning* meaning_of(const DnsListOptions& list, const IpAddress& answer) {
    const auto holds = [&](const CodeMeaning& row) { return row.codes.contains(answer); };
    const auto row = std::ranges::find_if(list.codes, holds);
    return row == list.codes.end() ? nullptr : &*row;
}

bool is_error(const DnsListOptions& list, const IpAddress& answer) {
    if (shows_error(answer)) return true;
    const CodeMeaning* const meaning = meaning_of(list, answer);
    return meaning != nullptr && meaning->says == CodeMeaning::Says::error;
}

/// The weight of an answer; nothing = the answer is no opinion.
std::optional<int> weight_of(const DnsListOptions& list, const IpAddress& answer) {
    const auto holds = [&](const ReturnCodes& codes) { return codes.contains(answer); };
    if (!list.accept.empty() && std::ranges::none_of(list.accept, holds)) return std::nullopt;
    const int whole = list.allow ? -list.weight : list.weight;
    const CodeMeaning* const meaning = meaning_of(list, answer);
    if (meaning == nullptr) return list.only_codes ? std::nullopt : std::optional(whole);
    if (meaning->says != CodeMeaning::Says::listed) return std::nullopt;
    return meaning->weight.value_or(whole);
}

}  // namespace

ListOpinion interpret(const DnsListOptions& list, std::span<const IpAddress> answers) {
    std::vector<IpAddress> sorted(answers.begin(), answers.end());
    std::ranges::sort(sorted);  // servers rotate their answers; the signal must not change
    const auto error = std::ranges::find_if(sorted, [&](const IpAddress& a) { return is_error(list, a); });
    if (error != sorted.end())
        return {.listing = Listing::list_error, .signals = {}, .error = in_words(list, *error)};

    Signal against{.name = "dnsbl", .what = shown_name(list), .value = {}};
    Signal in_favour{.name = "dnswl", .what = shown_name(list), .value = {}};
    for (const IpAddress& answer : sorted) {
        const std::optional<int> weight = weight_of(list, answer);
        if (!weight) continue;
        const bool speaks_for = *weight < 0 || (*weight == 0 && list.allow);
        Signal& signal = speaks_for ? in_favour : against;
        if (!signal.value.empty()) signal.value += ',';
        signal.value += in_words(list, answer);
        signal.weight = speaks_for ? std::min(signal.weight, *weight) : std::max(signal.weight, *weight);
    }
    ListOpinion opinion;
    for (Signal* const signal : {&against, &in_favour})
        if (!signal->value.empty()) opinion.signals.push_back(std::move(*signal));
    if (!opinion.signals.empty()) opinion.listing = Listing::listed;
    return opinion;
}

}  // namespace sluice::policy
