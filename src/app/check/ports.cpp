#include "app/check/ports.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>

#include "base/shown_text.hpp"

namespace sluice::app {

namespace {

/// Takes the next word off the line.
std::string_view take_word(std::string_view& line) {
    const std::size_t begin = std::min(line.find_first_not_of(' '), line.size());
    line.remove_prefix(begin);
    const std::string_view word = line.substr(0, line.find(' '));
    line.remove_prefix(word.size());
    return word;
}

template <class Number>
std::optional<Number> number_of(std::string_view text, int base) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

/// Reads "0100007F:0019". Each group of four octets is in this machine's byte order, the least octet first.
std::optional<net::Endpoint> endpoint_of(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon != 8 && colon != 32) return std::nullopt;
    const auto port = number_of<std::uint16_t>(text.substr(colon + 1), 16);
    std::array<std::uint8_t, 16> octets{};
    for (std::size_t word = 0; word < colon / 8; ++word) {
        const auto value = number_of<std::uint32_t>(text.substr(word * 8, 8), 16);
        if (!value) return std::nullopt;
        for (std::size_t octet = 0; octet < 4; ++octet)
            octets.at(word * 4 + octet) = static_cast<std::uint8_t>(*value >> (8 * octet));
    }
    if (!port) return std::nullopt;
    if (colon == 8) return net::Endpoint{IpAddress::v4({octets[0], octets[1], octets[2], octets[3]}), *port};
    return net::Endpoint{IpAddress::v6(octets), *port};
}

bool is_any(const IpAddress& address) {
    return address == IpAddress() || address == IpAddress::v6({});
}

}  // namespace

std::vector<ListeningHere> read_proc_net_tcp(std::string_view text) {
    constexpr std::string_view listening = "0A";
    std::vector<ListeningHere> found;
    while (!text.empty()) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        std::array<std::string_view, 10> words;
        std::ranges::generate(words, [&line] { return take_word(line); });
        const auto address = endpoint_of(words[1]);
        const auto inode = number_of<std::uint64_t>(words[9], 10);
        if (address && inode && words[3] == listening) found.push_back({*address, *inode});
    }
    return found;
}

bool are_in_each_others_way(const net::Endpoint& one, const net::Endpoint& other) {
    if (one.port != other.port) return false;
    if (one.address == other.address) return true;
    // A socket on [::] may take IPv4 as well, so it conflicts with every address.
    const IpAddress every_ipv6 = IpAddress::v6({});
    if (one.address == every_ipv6 || other.address == every_ipv6) return true;
    const bool one_kind = one.address.is_v4() == other.address.is_v4();
    return one_kind && (is_any(one.address) || is_any(other.address));
}

namespace {

Finding judge_holder(const std::string& where, const PortHolder& holder) {
    if (!holder.beside.empty())
        return {
            Severity::hurts,
            fmt::format("Stop {} listening at {}{}: it listens there beside Sluice (process {}), and takes "
                        "a share of the clients without a word",
                        shown(holder.beside), where,
                        holder.beside == "master" ? " (postconf -e 'master_service_disable = smtp.inet' "
                                                    "&& postfix reload)"
                                                  : "",
                        holder.pid)};
    if (holder.is_this_one)
        return {Severity::fine, fmt::format("{} is listened at by the Sluice that runs with this "
                                            "configuration (process {})",
                                            where, holder.pid)};
    if (holder.pid == systemd)
        return {Severity::advice, fmt::format("See that the unit that has {} is sluice.socket (systemctl "
                                              "list-sockets): systemd listens there",
                                              where)};
    // Only advice: mail goes on meanwhile, and this check precedes the change.
    if (holder.name == "master")
        return {Severity::advice,
                fmt::format("Give {} to Sluice when all else is well here (postconf -e "
                            "'master_service_disable = smtp.inet' && postfix reload, and start Sluice): "
                            "Postfix listens there (process {})",
                            where, holder.pid)};
    return {Severity::hurts, fmt::format("Stop {}, or take {} out of listen: process {} listens there",
                                         shown(holder.name), where, holder.pid)};
}

}  // namespace

Finding judge_port(const net::Endpoint& address, const std::error_code& error,
                   const std::optional<PortHolder>& holder, bool as_root) {
    const std::string where = address.to_string();
    if (!error) return {Severity::fine, fmt::format("{} is free", where)};
    if (error == std::errc::address_in_use && holder) return judge_holder(where, *holder);
    if (error == std::errc::address_in_use)
        return {as_root ? Severity::hurts : Severity::advice,
                fmt::format("Free {} (`ss -ltnp` as root shows who listens there), or take it out of listen, "
                            "if it is not a Sluice of this configuration: another program listens there",
                            where)};
    if (error == std::errc::permission_denied)
        return {
            Severity::advice,
            fmt::format("Run sluice check as the user who will start Sluice, root as a rule: this one may "
                        "not listen at {}, a port below 1024, and whether it is free is not known",
                        where)};
    if (error == std::errc::address_not_available)
        return {Severity::hurts,
                fmt::format("Take {} out of listen, or give this machine that address: no interface has it "
                            "(\"0.0.0.0:{}\" is every address)",
                            where, address.port)};
    if (error == std::errc::address_family_not_supported)
        return {Severity::hurts, fmt::format("Take {} out of listen: this machine has no IPv6", where)};
    return {Severity::hurts, fmt::format("Correct listen: {}: {}", where, error.message())};
}

}  // namespace sluice::app
