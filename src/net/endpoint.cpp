// Addresses with ports, as text.

#include <sys/un.h>

#include <charconv>

#include "net/socket.hpp"

namespace sluice::net {

std::optional<Endpoint> Endpoint::parse(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    std::string_view host = text.substr(0, colon);
    const std::string_view port_text = text.substr(colon + 1);
    const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) host = host.substr(1, host.size() - 2);

    const auto address = IpAddress::parse(host);
    // IPv6 requires brackets, and only IPv6 may have them: "::1:25" could mean two things.
    if (!address || bracketed != (host.find(':') != std::string_view::npos)) return std::nullopt;

    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
    if (error != std::errc{} || end != port_text.data() + port_text.size()) return std::nullopt;
    return Endpoint{*address, port};
}

std::string Endpoint::to_string() const {
    const std::string host = address.to_string();
    return (address.is_v4() ? host : "[" + host + "]") + ":" + std::to_string(port);
}

std::optional<ServerAddress> ServerAddress::parse(std::string_view text) {
    static constexpr std::string_view scheme = "unix:";
    if (!text.starts_with(scheme)) {
        const auto endpoint = Endpoint::parse(text);
        if (!endpoint || endpoint->port == 0) return std::nullopt;
        return ServerAddress{.tcp = *endpoint, .path = {}};
    }
    text.remove_prefix(scheme.size());
    const bool fits = text.size() < sizeof(sockaddr_un::sun_path);
    if (!text.starts_with('/') || !fits || text.find('\0') != std::string_view::npos) return std::nullopt;
    return ServerAddress{.tcp = {}, .path = std::string(text)};
}

std::string ServerAddress::to_string() const {
    return is_unix() ? "unix:" + path : tcp.to_string();
}

}  // namespace sluice::net
