#include "app/process/channel.hpp"

#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <utility>

#include "app/process/start_error.hpp"

namespace sluice::app {

namespace {

/// Space for one descriptor.
union Control {
    cmsghdr header;
    char octets[CMSG_SPACE(sizeof(int))];
};

bool send_message(int channel, char octet, std::string_view text, int descriptor) {
    // sendmsg(2) does not change the text.
    iovec content[]{{&octet, 1}, {const_cast<char*>(text.data()), text.size()}};
    msghdr message{};
    message.msg_iov = content;
    message.msg_iovlen = text.empty() ? 1 : 2;
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
    return ::sendmsg(channel, &message, MSG_DONTWAIT | MSG_NOSIGNAL) > 0;
}

net::Fd descriptor_of(msghdr& message) {
    const cmsghdr* const header = CMSG_FIRSTHDR(&message);
    if (header == nullptr || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) return {};
    int descriptor = -1;
    std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    return net::Fd(descriptor);
}

/// Whether the other side is gone, by the result of a read.
bool ended(ssize_t octets) {
    return octets == 0 || (octets < 0 && errno != EAGAIN && errno != EINTR);
}

}  // namespace

std::optional<Order> read_order(char octet) {
    switch (const auto order = static_cast<Order>(octet)) {
        case Order::take_log:
        case Order::take_queue:
        case Order::take_tls_queue:
        case Order::list:
        case Order::retire: return order;
    }
    return std::nullopt;
}

std::optional<Note> read_note(char octet) {
    switch (const auto note = static_cast<Note>(octet)) {
        case Note::serving:
        case Note::alive:
        case Note::sessions: return note;
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
    return send_message(channel, static_cast<char>(order), {}, descriptor);
}

bool send_note(int channel, Note note, std::string_view text) {
    return send_message(channel, static_cast<char>(note), text.substr(0, note_octets_max - 1), -1);
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

std::optional<NoteReceived> receive_note(int channel, bool& over) {
    std::array<char, note_octets_max> buffer;  // not cleared: nearly all notes have one octet
    const ssize_t octets = ::recv(channel, buffer.data(), buffer.size(), MSG_DONTWAIT);
    over = ended(octets);
    if (octets <= 0) return std::nullopt;
    const auto note = read_note(buffer.front());
    if (!note) return std::nullopt;
    return NoteReceived{*note, std::string(buffer.data() + 1, static_cast<std::size_t>(octets) - 1)};
}

}  // namespace sluice::app
