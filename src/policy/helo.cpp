#include "policy/helo.hpp"

#include <algorithm>
#include <cstddef>

#include "base/ascii.hpp"

namespace sluice::policy {

namespace {

constexpr std::size_t name_octets_max = 255;  // RFC 5321 4.5.3.1.2
constexpr std::size_t label_octets_max = 63;  // RFC 1035 2.3.4

std::string_view without_final_dot(std::string_view name) {
    if (name.ends_with('.')) name.remove_suffix(1);
    return name;
}

bool is_label(std::string_view label) {
    const auto fits = [](char c) { return ascii::is_alnum(c) || c == '-' || c == '_'; };
    return !label.empty() && label.size() <= label_octets_max && std::ranges::all_of(label, fits) &&
           label.front() != '-' && label.back() != '-';
}

/// The number of labels of a well-formed name; 0 = the name is not well formed.
std::size_t labels_of(std::string_view name) {
    name = without_final_dot(name);
    if (name.size() > name_octets_max) return 0;
    for (std::size_t labels = 1;; ++labels) {
        const auto dot = name.find('.');
        if (!is_label(name.substr(0, dot))) return 0;
        if (dot == std::string_view::npos) return labels;
        name.remove_prefix(dot + 1);
    }
}

bool is_ours(std::string_view argument, const std::optional<IpAddress>& literal, const HeloFacts& facts) {
    if (facts.client.is_loopback() || facts.client == facts.our_address) return false;
    if (literal) return *literal == facts.our_address && !literal->is_loopback();
    return ascii::equal(without_final_dot(argument), without_final_dot(facts.our_name));
}

}  // namespace

std::optional<IpAddress> address_literal(std::string_view argument) {
    constexpr std::string_view v6_tag = "IPv6:";
    if (argument.size() < 2 || !argument.starts_with('[') || !argument.ends_with(']')) return std::nullopt;
    const std::string_view inner = argument.substr(1, argument.size() - 2);
    if (!ascii::starts_with(inner, v6_tag)) {
        const auto address = IpAddress::parse(inner);
        return inner.find(':') == std::string_view::npos ? address : std::nullopt;
    }
    const std::string_view text = inner.substr(v6_tag.size());
    return text.find(':') == std::string_view::npos ? std::nullopt : IpAddress::parse(text);
}

bool is_full_name(std::string_view argument) {
    return labels_of(argument) >= 2 && !IpAddress::parse(argument);
}

std::optional<SignalId> judge_helo(std::string_view argument, const HeloFacts& facts) {
    const auto literal = address_literal(argument);
    if (is_ours(argument, literal, facts)) return SignalId::helo_ours;
    if (literal) {
        if (*literal == facts.client) return SignalId::helo_literal;
        return literal->is_loopback() ? SignalId::helo_loopback_literal : SignalId::helo_wrong_literal;
    }
    const std::size_t labels = labels_of(argument);
    if (labels == 0 || IpAddress::parse(argument)) return SignalId::helo_syntax;
    if (labels == 1) return SignalId::helo_bare;
    return std::nullopt;
}

}  // namespace sluice::policy
