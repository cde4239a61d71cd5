#include "base/ip.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <iterator>

#include "base/decimal.hpp"

namespace sluice {

namespace {

constexpr std::array<std::uint8_t, 12> mapped_prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/// A run of zero groups in an IPv6 address, [first, first + length).
struct ZeroRun {
    std::size_t first = 0;
    std::size_t length = 0;
};

/// The run that "::" stands for: the longest, the first of equals, never a single group (RFC 5952 4.2).
ZeroRun longest_zero_run(const std::array<unsigned, 8>& groups) {
    ZeroRun best;
    for (std::size_t i = 0; i < groups.size();) {
        std::size_t end = i;
        while (end < groups.size() && groups[end] == 0)
            ++end;
        if (end - i >= 2 && end - i > best.length) best = {.first = i, .length = end - i};
        i = std::max(end, i + 1);
    }
    return best;
}

std::string v6_text(const std::array<std::uint8_t, 16>& octets) {
    std::array<unsigned, 8> groups{};
    for (std::size_t i = 0; i < groups.size(); ++i) {
        groups[i] = static_cast<unsigned>(octets[2 * i]) << 8U | octets[2 * i + 1];
    }
    const ZeroRun run = longest_zero_run(groups);
    std::string text;
    for (std::size_t i = 0; i < groups.size(); ++i) {
        if (run.length > 0 && i == run.first) {
            text += "::";
            i += run.length - 1;
            continue;
        }
        if (!text.empty() && text.back() != ':') text += ':';
        fmt::format_to(std::back_inserter(text), "{:x}", groups[i]);
    }
    return text;
}

}  // namespace

IpAddress IpAddress::v4(std::array<std::uint8_t, 4> octets) {
    IpAddress address;
    std::ranges::copy(octets, address.octets_.begin());
    return address;
}

IpAddress IpAddress::v6(const std::array<std::uint8_t, 16>& octets) {
    if (std::equal(mapped_prefix.begin(), mapped_prefix.end(), octets.begin())) {
        return v4({octets[12], octets[13], octets[14], octets[15]});
    }
    IpAddress address;
    address.octets_ = octets;
    address.is_v4_ = false;
    return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
    // inet_pton(3) needs a terminated string, and a NUL within `text` would end it early: "10.0.0.1\0…" would
    // pass.
    std::array<char, INET6_ADDRSTRLEN> terminated{};
    if (text.size() >= terminated.size() || text.find('\0') != std::string_view::npos) return std::nullopt;
    std::ranges::copy(text, terminated.begin());

    if (std::array<std::uint8_t, 4> octets; inet_pton(AF_INET, terminated.data(), octets.data()) == 1) {
        return v4(octets);
    }
    if (std::array<std::uint8_t, 16> octets; inet_pton(AF_INET6, terminated.data(), octets.data()) == 1) {
        return v6(octets);
    }
    return std::nullopt;
}

bool IpAddress::is_loopback() const {
    if (is_v4_) return octets_[0] == 127;
    return std::all_of(octets_.begin(), octets_.end() - 1, [](std::uint8_t o) { return o == 0; }) &&
           octets_.back() == 1;
}

IpAddress IpAddress::masked(unsigned prefix) const {
    IpAddress result = *this;
    const unsigned kept = std::min(prefix, bits());
    std::size_t i = kept / 8;
    if (kept % 8 != 0) {
        result.octets_[i] = static_cast<std::uint8_t>(result.octets_[i] & (0xffU << (8 - kept % 8)));
        ++i;
    }
    std::fill(result.octets_.begin() + static_cast<std::ptrdiff_t>(i), result.octets_.end(), std::uint8_t{0});
    return result;
}

std::string IpAddress::to_string() const {
    if (is_v4_) return fmt::format("{}.{}.{}.{}", octets_[0], octets_[1], octets_[2], octets_[3]);
    return v6_text(octets_);
}

Network::Network(const IpAddress& address, unsigned prefix)
    : address_(address.masked(prefix)), prefix_(std::min(prefix, address.bits())) {}

std::optional<Network> Network::parse(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto address = IpAddress::parse(text.substr(0, slash));
    if (!address) return std::nullopt;
    if (slash == std::string_view::npos) return Network(*address, address->bits());

    const auto prefix = parse_decimal<unsigned>(text.substr(slash + 1));
    if (!prefix) return std::nullopt;
    // "::ffff:192.0.2.0/24" has become an IPv4 address, for which the prefix does not mean what was written.
    if (address->is_v4() && text.contains(':')) return std::nullopt;
    if (*prefix > address->bits() || address->masked(*prefix) != *address) return std::nullopt;
    return Network(*address, *prefix);
}

bool Network::contains(const IpAddress& address) const {
    return address.is_v4() == address_.is_v4() && address.masked(prefix_) == address_;
}

std::string Network::to_string() const {
    return fmt::format("{}/{}", address_.to_string(), prefix_);
}

}  // namespace sluice

std::size_t std::hash<sluice::IpAddress>::operator()(const sluice::IpAddress& address) const noexcept {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    std::memcpy(&high, address.octets().data(), sizeof high);
    std::memcpy(&low, address.octets().data() + sizeof high, sizeof low);
    // A client chooses its address, above all within an IPv6 /64, so the octets are multiplied and folded: no
    // octet by itself decides the bucket.
    std::uint64_t mixed = (high ^ (address.is_v4() ? 0x9e3779b97f4a7c15U : 0)) * 0xff51afd7ed558ccdU;
    mixed = (mixed ^ (mixed >> 32U) ^ low) * 0xc4ceb9fe1a85ec53U;
    return mixed ^ (mixed >> 29U);
}
