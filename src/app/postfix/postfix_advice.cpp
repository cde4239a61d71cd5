#include "app/postfix/postfix_advice.hpp"

#include <cstdio>
#include <expected>
#include <fmt/format.h>
#include <utility>

#include "app/generation/worker_count.hpp"
#include "app/postfix/listener_place.hpp"
#include "app/postfix/master_cf.hpp"
#include "app/postfix/postconf.hpp"
#include "app/postfix/postconf_commands.hpp"
#include "app/process/exit_codes.hpp"
#include "app/process/start_error.hpp"
#include "net/socket.hpp"
#include "net/source_address.hpp"

namespace sluice::app {

namespace {

/// Whether the address is on this machine, so that its Postfix is the one behind Sluice.
bool is_here(const net::ServerAddress& address) {
    return address.is_local() || net::source_towards(address.tcp) == address.tcp.address;
}

bool in_use(const net::ServerAddress& address) {
    const auto bound = net::listen_tcp(address.tcp, {.backlog = 1, .receive_buffer = 0, .shared = false});
    return !bound && bound.error() == std::errc::address_in_use;
}

/// A listener and its place; `instead` says why it is not where relay.mta expects it.
struct Found {
    PrivateListener listener;
    ListenerPlace place;
};

std::expected<Found, std::string> find_listener(const Config& config, const std::string& directory) {
    ListenerWish wish{.mta = config.relay.upstreams.front(),
                      .pool = config.relay.pool,
                      .workers = worker_count(config.workers),
                      .source = std::nullopt};
    net::ServerAddress& address = wish.mta.address;
    // This is a public listener of this machine; the private one beside it is for this machine only.
    if (!address.is_unix() && is_for_clients(address.tcp.port) && is_here(address))
        address.tcp.address = IpAddress::v4({127, 0, 0, 1});
    const auto postfix = postfix_behind(address, directory);
    const PostfixSettings* settings = postfix ? &*postfix : nullptr;
    auto place = place_listener(address, settings, in_use);
    if (!place) return std::unexpected(place.error());
    address = place->address;
    if (!address.is_local()) wish.source = net::source_towards(address.tcp);
    auto listener = private_listener(wish, settings);
    if (!listener) return std::unexpected(listener.error());
    return Found{std::move(*listener), std::move(*place)};
}

template <class Printer>
int print_listener(const Config& config, const std::string& directory, Printer printer) {
    const auto found = find_listener(config, directory);
    if (!found) {
        fmt::print(stderr, "sluice: nothing can be printed for Postfix. {}\n", found.error());
        return exit_failed;
    }
    fmt::print("{}", printer(found->listener));
    if (!found->place.instead.empty())
        fmt::print(stderr, "sluice: set relay.mta = [\"{}\"]: the listener printed is there, because {}.\n",
                   found->place.address.to_string(), found->place.instead);
    return exit_ok;
}

}  // namespace

std::optional<PostfixSettings> postfix_behind(const net::ServerAddress& address,
                                              const std::string& directory) {
    if (directory.empty() && !is_here(address)) return std::nullopt;
    std::expected<PostfixSettings, std::string> read = read_postfix(directory);
    if (read) return std::move(*read);
    if (!directory.empty()) throw StartError(read.error());
    return std::nullopt;
}

int print_postconf(const Config& config, const std::string& directory) {
    return print_listener(config, directory, [&](const PrivateListener& listener) {
        return postconf_commands(listener, directory);
    });
}

int print_master_cf(const Config& config, const std::string& directory) {
    return print_listener(config, directory, master_cf_lines);
}

std::string listener_advice(const Config& config, const std::string& directory) {
    const auto found = find_listener(config, directory);
    if (!found) return fmt::format("\nGive Postfix a listener of its own for Sluice. {}\n", found.error());
    return fmt::format(
        "\nGive Postfix a listener of its own for Sluice, which nobody else can reach: set relay.mta = "
        "[\"{}\"]\n(or give the --relay flag), and run these commands, which "
        "`sluice check --print-postconf` prints too.\n"
        "Whoever can connect to it can pretend to be any client.\n\n{}",
        found->place.address.to_string(), postconf_commands(found->listener, directory));
}

}  // namespace sluice::app
