#include "app/listeners.hpp"

#include <fcntl.h>
#include <linux/filter.h>
#include <sys/socket.h>
#include <system_error>

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <string_view>
#include <utility>

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

ListeningSocket share(net::Fd socket) {
    return std::make_shared<const net::Fd>(std::move(socket));
}

bool can_be_shared(int listener) {
    int shared = 0;
    socklen_t size = sizeof shared;
    return ::getsockopt(listener, SOL_SOCKET, SO_REUSEPORT, &shared, &size) == 0 && shared != 0;
}

}  // namespace

Listeners::Listeners(std::vector<net::Fd> inherited) {
    for (net::Fd& fd : inherited) {
        ::fcntl(fd.get(), F_SETFD, FD_CLOEXEC);
        ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
        net::set_first_window(fd.get(), net::ListenOptions::paced_receive_buffer);
        const net::Endpoint bound = net::local_endpoint(fd.get());
        auto at = std::ranges::find(addresses_, bound, &Address::bound);
        if (at == addresses_.end())
            at = addresses_.insert(at, {.asked = bound, .bound = bound, .sockets = {}});
        at->sockets.push_back(share(std::move(fd)));
    }
}

Listeners::Listeners(const Listeners& before, std::vector<net::Endpoint>& endpoints, unsigned workers,
                     const net::ListenOptions& options) {
    // What can fail comes before what clients could notice.
    for (net::Endpoint& endpoint : endpoints)
        adopt_or_bind(before, endpoint, options);
    for (Address& address : addresses_) {
        if (address.sockets.size() > workers) address.sockets.resize(workers);
        if (!can_be_shared(address.sockets.front()->get())) continue;
        while (address.sockets.size() < workers)
            address.sockets.push_back(share(bind_one(address.bound, options)));
    }
}

void Listeners::adopt_or_bind(const Listeners& before, net::Endpoint& endpoint,
                              const net::ListenOptions& options) {
    const auto had = std::ranges::find_if(before.addresses_, [&](const Address& address) {
        return address.asked == endpoint || address.bound == endpoint;
    });
    if (had != before.addresses_.end()) {
        addresses_.push_back(*had);
    } else {
        require_unused(endpoint);
        ListeningSocket first = share(bind_one(endpoint, options));
        addresses_.push_back(
            {.asked = endpoint, .bound = net::local_endpoint(first->get()), .sockets = {first}});
    }
    endpoint = addresses_.back().bound;
}

std::vector<int> Listeners::of(unsigned worker) const {
    std::vector<int> fds;
    fds.reserve(addresses_.size());
    for (const Address& address : addresses_)
        fds.push_back(address.sockets[worker % address.sockets.size()]->get());
    return fds;
}

std::vector<ListeningSocket> Listeners::all() const {
    std::vector<ListeningSocket> sockets;
    for (const Address& address : addresses_)
        std::ranges::copy(address.sockets, std::back_inserter(sockets));
    return sockets;
}

std::vector<ListeningSocket> Listeners::without(const Listeners& other) const {
    const std::vector<ListeningSocket> theirs = other.all();
    std::vector<ListeningSocket> ours = all();
    std::erase_if(
        ours, [&](const ListeningSocket& each) { return std::ranges::find(theirs, each) != theirs.end(); });
    return ours;
}

std::vector<net::Endpoint> Listeners::endpoints() const {
    std::vector<net::Endpoint> all;
    all.reserve(addresses_.size());
    for (const Address& address : addresses_)
        all.push_back(address.bound);
    return all;
}

void turn_newcomers_away(int listener) {
    // tcpdump's "tcp[13] & (syn|ack) = syn", on what begins with the TCP header.
    sock_filter drop_syn[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 13),          BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x12),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x02, 0, 1), BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
    };
    const sock_fprog program{.len = std::size(drop_syn), .filter = drop_syn};
    ::setsockopt(listener, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

}  // namespace sluice::app
