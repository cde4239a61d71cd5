#include "load/source_addresses.hpp"

#include <arpa/inet.h>

#include <charconv>
#include <string>

namespace load {

std::optional<SourceAddresses> SourceAddresses::parse(std::string_view network) {
    const auto slash = network.find('/');
    unsigned length = 32;
    if (slash != std::string_view::npos) {
        const char* const end = network.data() + network.size();
        const auto parsed = std::from_chars(network.data() + slash + 1, end, length);
        if (parsed.ec != std::errc{} || parsed.ptr != end || length < 1 || length > 32) return std::nullopt;
    }
    in_addr address{};
    if (inet_pton(AF_INET, std::string(network.substr(0, slash)).c_str(), &address) != 1) return std::nullopt;

    const std::uint32_t first = ntohl(address.s_addr);
    const std::uint64_t size = std::uint64_t{1} << (32 - length);
    if ((first & (size - 1)) != 0) return std::nullopt;
    if (size <= 2) return SourceAddresses(first, static_cast<std::uint32_t>(size));
    return SourceAddresses(first + 1, static_cast<std::uint32_t>(size - 2));
}

sockaddr_in SourceAddresses::next() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(first_ + given_);
    given_ = given_ + 1 == count_ ? 0 : given_ + 1;
    return address;
}

}  // namespace load
