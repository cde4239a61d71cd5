#include "policy/dns_list.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <iterator>
#include <utility>

namespace sluice::policy {
namespace {

/// 0 … 255, without sign and leading zeros (which some would read as octal).
std::optional<std::uint8_t> parse_octet(std::string_view text) {
    std::uint8_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    if (text.size() > 1 && text.front() == '0') return std::nullopt;
    return value;
}

std::optional<ReturnCodes::Range> parse_range(std::string_view text) {
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

ListOpinion interpret(const DnsListOptions& list, std::span<const IpAddress> answers) {
    if (std::ranges::any_of(answers, shows_error)) return {Listing::list_error, std::nullopt};

    std::vector<IpAddress> accepted;
    for (const IpAddress& answer : answers) {
        const auto holds = [&](const ReturnCodes& codes) { return codes.contains(answer); };
        if (list.accept.empty() || std::ranges::any_of(list.accept, holds)) accepted.push_back(answer);
    }
    if (accepted.empty()) return {Listing::not_listed, std::nullopt};

    std::ranges::sort(accepted);  // servers rotate their answers; the signal stays the same
    Signal signal{.name = list.allow ? "dnswl" : "dnsbl",
                  .what = shown_name(list),
                  .value = {},
                  .weight = list.allow ? -list.weight : list.weight};
    for (const IpAddress& answer : accepted) {
        if (!signal.value.empty()) signal.value += ',';
        signal.value += answer.to_string();
    }
    return {Listing::listed, std::move(signal)};
}

}  // namespace sluice::policy
