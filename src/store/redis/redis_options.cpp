#include "store/redis/redis_options.hpp"

#include <charconv>
#include <optional>
#include <utility>

#include "base/ip.hpp"
#include "net/socket.hpp"

namespace sluice::store {

namespace {

constexpr std::size_t hosts_max = 64;
constexpr std::uint16_t sentinel_port = 26379;

struct Scheme {
    std::string_view text;
    RedisTopology topology;
    bool tls;
};

constexpr Scheme schemes[] = {
    {"redis://", RedisTopology::single, false},
    {"rediss://", RedisTopology::single, true},
    {"redis+sentinel://", RedisTopology::sentinel, false},
    {"rediss+sentinel://", RedisTopology::sentinel, true},
    {"redis+cluster://", RedisTopology::cluster, false},
    {"rediss+cluster://", RedisTopology::cluster, true},
};

template <class Number>
std::optional<Number> number(std::string_view text) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// Returns the text before `mark` and removes both from `rest`; all of `rest` where there is no mark.
std::string_view take_until(std::string_view& rest, char mark) {
    const std::size_t at = rest.find(mark);
    const std::string_view taken = rest.substr(0, at);
    rest = at == std::string_view::npos ? std::string_view{} : rest.substr(at + 1);
    return taken;
}

std::optional<std::string> percent_decoded(std::string_view text) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            decoded += text[i];
            continue;
        }
        const std::string_view digits = text.substr(i + 1, 2);
        unsigned octet = 0;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), octet, 16);
        if (error != std::errc{} || digits.size() != 2 || end != digits.data() + 2) return std::nullopt;
        decoded += static_cast<char>(octet);
        i += 2;
    }
    return decoded;
}

bool is_host_name(std::string_view text) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
               c == '-' || c == '_';
    };
    if (text.empty() || text.size() > 253) return false;
    for (const char c : text)
        if (!allowed(c)) return false;
    return true;
}

std::expected<RedisHost, std::string> parse_host(std::string_view text, std::uint16_t default_port) {
    const std::string quoted = "\"" + std::string(text) + "\"";
    RedisHost host{.name = {}, .port = default_port};
    std::optional<std::string_view> port;
    if (text.starts_with('[')) {
        text.remove_prefix(1);
        const std::size_t end = text.find(']');
        host.name = text.substr(0, end);
        const auto address = IpAddress::parse(host.name);
        if (end == std::string_view::npos || !address || host.name.find(':') == std::string::npos)
            return std::unexpected(quoted + " is not an IPv6 address in brackets");
        text.remove_prefix(end + 1);
        if (text.starts_with(':')) {
            port = text.substr(1);
        } else if (!text.empty()) {
            return std::unexpected(quoted + " is not a host and a port");
        }
    } else {
        const std::size_t colon = text.find(':');
        host.name = text.substr(0, colon);
        if (colon != std::string_view::npos) port = text.substr(colon + 1);
        if (!is_host_name(host.name)) return std::unexpected(quoted + " is not a host and a port");
    }
    if (port) {
        const auto value = number<std::uint16_t>(*port);
        if (!value || *value == 0) return std::unexpected("the port of " + quoted + " is not 1 to 65535");
        host.port = *value;
    }
    return host;
}

std::optional<std::string> take_login(std::string_view& rest, RedisLogin& login) {
    // The last @ of the hosts' part counts, because a password may have been written with an @ in it.
    const std::size_t at = rest.substr(0, rest.find('/')).rfind('@');
    if (at == std::string_view::npos) return std::nullopt;
    std::string_view password = rest.substr(0, at);
    rest.remove_prefix(at + 1);
    if (password.find(':') == std::string_view::npos)
        return "before the @ there must be user:password or :password";
    const std::string_view user = take_until(password, ':');
    auto user_text = percent_decoded(user);
    auto password_text = percent_decoded(password);
    if (!user_text || !password_text)
        return "in user and password, % must be followed by two hexadecimal digits";
    if (password_text->empty()) return "the password is empty";
    login = {.user = std::move(*user_text), .password = std::move(*password_text)};
    return std::nullopt;
}

std::optional<std::string> take_hosts(std::string_view hosts, RedisOptions& options) {
    const bool sentinels = options.topology == RedisTopology::sentinel;
    do {
        auto host = parse_host(take_until(hosts, ','), sentinels ? sentinel_port : RedisHost{}.port);
        if (!host) return std::move(host.error());
        options.hosts.push_back(std::move(*host));
    } while (!hosts.empty() && options.hosts.size() < hosts_max);
    if (!hosts.empty()) return "there are more than " + std::to_string(hosts_max) + " hosts";
    if (options.topology == RedisTopology::single && options.hosts.size() > 1)
        return "several hosts need redis+sentinel:// or redis+cluster://";
    return std::nullopt;
}

std::optional<std::string> take_path(std::string_view path, RedisOptions& options) {
    if (options.topology == RedisTopology::sentinel) {
        options.master_name = take_until(path, '/');
        if (options.master_name.empty()) return "after the Sentinels there must be /name-of-the-master";
    }
    if (path.empty()) return std::nullopt;
    if (options.topology == RedisTopology::cluster) return "a cluster has no databases";
    const auto database = number<unsigned>(path);
    if (!database) return "after the host there may only be the number of a database";
    options.database = *database;
    return std::nullopt;
}

}  // namespace

std::string RedisHost::to_string() const {
    if (!path.empty()) return "unix:" + path;
    const bool brackets = name.find(':') != std::string::npos;
    return (brackets ? "[" + name + "]" : name) + ":" + std::to_string(port);
}

std::expected<RedisOptions, std::string> parse_redis_url(std::string_view url) {
    RedisOptions options;
    if (url.starts_with("unix:")) {
        const auto server = net::ServerAddress::parse(url);
        if (!server) return std::unexpected("\"" + std::string(url) + "\" is not unix:/path");
        options.hosts.push_back({.name = {}, .port = 0, .path = server->path});
        return options;
    }
    const Scheme* found = nullptr;
    for (const Scheme& scheme : schemes)
        if (url.starts_with(scheme.text)) found = &scheme;
    if (found == nullptr)
        return std::unexpected(
            "it must begin with redis://, rediss://, redis+sentinel://, redis+cluster:// or unix:/");
    options.topology = found->topology;
    options.tls = found->tls;
    std::string_view rest = url.substr(found->text.size());
    if (auto error = take_login(rest, options.login)) return std::unexpected(std::move(*error));
    const std::string_view hosts = take_until(rest, '/');
    if (auto error = take_hosts(hosts, options)) return std::unexpected(std::move(*error));
    if (auto error = take_path(rest, options)) return std::unexpected(std::move(*error));
    return options;
}

}  // namespace sluice::store
