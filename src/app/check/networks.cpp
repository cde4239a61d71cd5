#include "app/check/networks.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <string>

namespace sluice::app {

namespace {

constexpr unsigned ipv4_prefix_min = 8;
constexpr unsigned ipv6_prefix_min = 16;

/// Calls `take` for each word of a Postfix list, where commas count as white space.
template <class Take>
void each_word(std::string_view list, Take take) {
    constexpr std::string_view space = ", \t\r\n";
    while (true) {
        const std::size_t begin = list.find_first_not_of(space);
        if (begin == std::string_view::npos) return;
        list.remove_prefix(begin);
        const std::string_view word = list.substr(0, list.find_first_of(space));
        take(word);
        list.remove_prefix(word.size());
    }
}

/// Reads "192.0.2.0/24", "[2001:db8::]/32" or "[::1]"; nothing for a table, a file or a name.
std::optional<Network> network_of(std::string_view word) {
    std::string plain(word);
    std::erase_if(plain, [](char c) { return c == '[' || c == ']'; });
    return Network::parse(plain);
}

bool is_excluded(std::string_view word) {
    return word.starts_with('!');
}

bool is_mapped(std::string_view word) {
    return word.find("::ffff:") != std::string_view::npos;
}

bool is_wide(const Network& network) {
    return network.prefix() < (network.address().is_v4() ? ipv4_prefix_min : ipv6_prefix_min);
}

bool is_held(const Network& network, const policy::NetworkTable& networks) {
    const auto match = networks.find(network.address());
    if (!match) return false;
    const auto holder = Network::parse(match->text);
    return holder && holder->prefix() <= network.prefix();
}

}  // namespace

std::vector<Network> trusted_networks(std::string_view mynetworks) {
    std::vector<Network> found;
    each_word(mynetworks, [&](std::string_view word) {
        // Postfix writes each IPv4 network a second time as IPv6 (::ffff:127.0.0.0/104).
        if (is_excluded(word) || is_mapped(word)) return;
        const auto network = network_of(word);
        if (!network || network->address().is_loopback() || is_wide(*network)) return;
        if (std::ranges::find(found, *network) == found.end()) found.push_back(*network);
    });
    return found;
}

namespace {

/// The tables and files in the list: Postfix looks into them, and we do not.
std::vector<std::string_view> unread(std::string_view mynetworks) {
    std::vector<std::string_view> words;
    each_word(mynetworks, [&](std::string_view word) {
        if (is_excluded(word)) return;
        const bool elsewhere = word.starts_with('/') || word.starts_with('$') ||
                               (word.find(":/") != std::string_view::npos) || word.starts_with("static:");
        if (elsewhere) words.push_back(word);
    });
    return words;
}

}  // namespace

Findings networks_findings(std::string_view mynetworks, const policy::NetworkTable& networks) {
    Findings findings;
    std::vector<std::string> strangers;
    for (const Network& network : trusted_networks(mynetworks))
        if (!is_held(network, networks)) strangers.push_back('"' + network.to_string() + '"');
    constexpr std::string_view why =
        "Postfix lets them relay (mynetworks), and here they are strangers: the greylist and the slow lane "
        "cost a printer or a script, which has no queue, its mail";
    if (!strangers.empty())
        findings.push_back(
            {Severity::advice,
             networks.empty()
                 ? fmt::format("Set policy.networks.fast = [{}]: {}", fmt::join(strangers, ", "), why)
                 : fmt::format("Add {} to policy.networks.fast: {}", fmt::join(strangers, ", "), why)});
    const std::vector<std::string_view> words = unread(mynetworks);
    if (!words.empty())
        findings.push_back({Severity::advice,
                            fmt::format("See that policy.networks.fast has the networks of {}, which stand "
                                        "in mynetworks of Postfix and are not read here",
                                        fmt::join(words, ", "))});
    return findings;
}

}  // namespace sluice::app
