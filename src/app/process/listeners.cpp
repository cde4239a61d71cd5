#include "app/process/listeners.hpp"

#include <fcntl.h>
#include <linux/filter.h>
#include <sys/socket.h>
#include <system_error>

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <string_view>
#include <utility>

#include "app/process/start_error.hpp"

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

/// Binds without SO_REUSEPORT first: with it, a second Sluice of the same user could silently share the port.
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

ListeningSocket share(net::Fd socket, front::Wrapping wrapping) {
    return std::make_shared<const Listener>(std::move(socket), wrapping);
}

bool can_be_shared(int listener) {
    int shared = 0;
    socklen_t size = sizeof shared;
    return ::getsockopt(listener, SOL_SOCKET, SO_REUSEPORT, &shared, &size) == 0 && shared != 0;
}

}  // namespace

std::string_view name_of(front::Wrapping wrapping) {
    return wrapping == front::Wrapping::tls ? "sluice-tls" : "sluice-plaintext";
}

namespace {

front::Wrapping wrapping_of(const PassedSocket& passed, const net::Endpoint& bound,
                            std::span<const Door> doors) {
    for (const front::Wrapping known : {front::Wrapping::none, front::Wrapping::tls})
        if (passed.name == name_of(known)) return known;
    const auto door = std::ranges::find(doors, bound, &Door::address);
    return door == doors.end() ? front::Wrapping::none : door->wrapping;
}

}  // namespace

Listeners::Listeners(std::vector<PassedSocket> passed, std::span<const Door> doors) {
    for (PassedSocket& each : passed) {
        const int fd = each.fd.get();
        ::fcntl(fd, F_SETFD, FD_CLOEXEC);
        ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
        net::set_first_window(fd, net::ListenOptions::paced_receive_buffer);
        const net::Endpoint address = net::local_endpoint(fd);
        const Door bound{.address = address, .wrapping = wrapping_of(each, address, doors)};
        auto at = std::ranges::find(addresses_, bound, &Address::bound);
        if (at == addresses_.end())
            at = addresses_.insert(at, {.asked = bound, .bound = bound, .sockets = {}});
        at->sockets.push_back(share(std::move(each.fd), bound.wrapping));
    }
}

Listeners::Listeners(const Listeners& before, std::vector<Door>& doors, unsigned workers,
                     const net::ListenOptions& options) {
    // Steps that can fail come first, and steps that clients could notice come after them.
    for (Door& door : doors)
        adopt_or_bind(before, door, options);
    for (Address& address : addresses_) {
        if (address.sockets.size() > workers) address.sockets.resize(workers);
        if (!can_be_shared(address.sockets.front()->fd.get())) continue;
        while (address.sockets.size() < workers)
            address.sockets.push_back(
                share(bind_one(address.bound.address, options), address.bound.wrapping));
    }
}

void Listeners::adopt_or_bind(const Listeners& before, Door& door, const net::ListenOptions& options) {
    const auto had = std::ranges::find_if(before.addresses_, [&](const Address& address) {
        return address.asked == door || address.bound == door;
    });
    if (had != before.addresses_.end()) {
        addresses_.push_back(*had);
    } else {
        before.require_to_spare(door);
        ListeningSocket first = share(bind_one(door.address, options), door.wrapping);
        const Door bound{.address = net::local_endpoint(first->fd.get()), .wrapping = door.wrapping};
        addresses_.push_back({.asked = door, .bound = bound, .sockets = {first}});
    }
    door = addresses_.back().bound;
}

/// Checks that the address can be bound: nobody listens there, or this process does with another wrapping. In
/// the second case the kernel allows another socket beside the old one, and clients in the old queue get the
/// wrapping they connected for.
void Listeners::require_to_spare(const Door& door) const {
    const auto ours = std::ranges::find_if(
        addresses_, [&](const Address& address) { return address.bound.address == door.address; });
    if (ours == addresses_.end()) return require_unused(door.address);
    if (!can_be_shared(ours->sockets.front()->fd.get()))
        throw StartError(
            fmt::format("{} can begin, or cease, to begin with TLS at a restart only: its socket "
                        "was passed on, and there can be no second",
                        door.address.to_string()));
}

std::vector<ListeningSocket> Listeners::of(unsigned worker) const {
    std::vector<ListeningSocket> sockets;
    sockets.reserve(addresses_.size());
    for (const Address& address : addresses_)
        sockets.push_back(address.sockets[worker % address.sockets.size()]);
    return sockets;
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
        all.push_back(address.bound.address);
    return all;
}

void turn_newcomers_away(int listener) {
    // tcpdump's "tcp[13] & (syn|ack) = syn". The filter sees the packet from the TCP header on.
    sock_filter drop_syn[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 13),          BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x12),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x02, 0, 1), BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
    };
    const sock_fprog program{.len = std::size(drop_syn), .filter = drop_syn};
    ::setsockopt(listener, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

}  // namespace sluice::app
