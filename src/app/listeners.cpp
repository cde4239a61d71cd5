#include "app/listeners.hpp"

#include <system_error>

#include <fmt/format.h>
#include <string_view>

#include "app/start_error.hpp"

namespace sluice::app {

namespace {

std::string_view advice(const std::error_code& error) {
    if (error == std::errc::address_in_use) return "; another program listens there";
    if (error == std::errc::permission_denied)
        return "; ports below 1024 need root or CAP_NET_BIND_SERVICE (systemd: AmbientCapabilities)";
    if (error == std::errc::address_not_available) return "; no interface of this machine has that address";
    if (error == std::errc::too_many_files_open) return "; raise the limit of file descriptors";
    return {};
}

[[noreturn]] void cannot_listen(const net::Endpoint& endpoint, const std::error_code& error) {
    throw StartError(
        fmt::format("cannot listen on {}: {}{}", endpoint.to_string(), error.message(), advice(error)));
}

/// SO_REUSEPORT would let a second Sluice of the same user share the port in silence: ask without it first.
void require_unused(const net::Endpoint& endpoint) {
    net::ListenOptions alone;
    alone.shared = false;
    const auto listener = net::listen_tcp(endpoint, alone);
    if (!listener) cannot_listen(endpoint, listener.error());
}

net::Fd bind_one(const net::Endpoint& endpoint, const net::ListenOptions& options) {
    auto listener = net::listen_tcp(endpoint, options);
    if (!listener) cannot_listen(endpoint, listener.error());
    return std::move(*listener);
}

}  // namespace

std::vector<WorkerListeners> bind_listeners(std::vector<net::Endpoint>& endpoints, unsigned workers,
                                            const net::ListenOptions& options) {
    std::vector<WorkerListeners> all(workers);
    for (net::Endpoint& endpoint : endpoints) {
        require_unused(endpoint);
        for (WorkerListeners& listeners : all) {
            listeners.push_back(bind_one(endpoint, options));
            if (endpoint.port == 0) endpoint.port = net::local_endpoint(listeners.back().get()).port;
        }
    }
    return all;
}

}  // namespace sluice::app
