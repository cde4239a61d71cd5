#include "app/channel.hpp"

#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <utility>

#include "app/start_error.hpp"

namespace sluice::app {

namespace {

/// Room for one descriptor.
union Control {
    cmsghdr header;
    char octets[CMSG_SPACE(sizeof(int))];
};

bool send_message(int channel, char octet, int descriptor) {
    iovec content{&octet, 1};
    msghdr message{};
    message.msg_iov = &content;
    message.msg_iovlen = 1;
    Control control{};
    if (descriptor >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
        cmsghdr* const header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof descriptor);
        std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    }
    return ::sendmsg(channel, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == 1;
}

net::Fd descriptor_of(msghdr& message) {
    const cmsghdr* const header = CMSG_FIRSTHDR(&message);
    if (header == nullptr || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) return {};
    int descriptor = -1;
    std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    return net::Fd(descriptor);
}

/// Of a read that moved so many octets: whether the other side is gone.
bool ended(ssize_t octets) {
    return octets == 0 || (octets < 0 && errno != EAGAIN && errno != EINTR);
}

}  // namespace

std::optional<Order> read_order(char octet) {
    switch (const auto order = static_cast<Order>(octet)) {
        case Order::take_log:
        case Order::take_queue:
        case Order::take_tls_queue:
        case Order::retire: return order;
    }
    return std::nullopt;
}

std::optional<Note> read_note(char octet) {
    switch (const auto note = static_cast<Note>(octet)) {
        case Note::serving:
        case Note::alive: return note;
    }
    return std::nullopt;
}

Channel open_channel() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
        throw StartError(fmt::format("no channel to a worker: {}", std::generic_category().message(errno)));
    return {.supervisor = net::Fd(ends[0]), .worker = net::Fd(ends[1])};
}

bool send_order(int channel, Order order, int descriptor) {
    return send_message(channel, static_cast<char>(order), descriptor);
}

bool send_note(int channel, Note note) {
    return send_message(channel, static_cast<char>(note), -1);
}

std::optional<OrderReceived> receive_order(int channel, bool& over) {
    char octet = 0;
    iovec content{&octet, 1};
    Control control{};
    msghdr message{};
    message.msg_iov = &content;
    message.msg_iovlen = 1;
    message.msg_control = &control;
    message.msg_controllen = sizeof control;
    const ssize_t octets = ::recvmsg(channel, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    over = ended(octets);
    if (octets != 1) return std::nullopt;
    net::Fd descriptor = descriptor_of(message);
    const auto order = read_order(octet);
    if (!order) return std::nullopt;
    return OrderReceived{*order, std::move(descriptor)};
}

std::optional<Note> receive_note(int channel, bool& over) {
    char octet = 0;
    const ssize_t octets = ::recv(channel, &octet, 1, MSG_DONTWAIT);
    over = ended(octets);
    if (octets != 1) return std::nullopt;
    return read_note(octet);
}

}  // namespace sluice::app
