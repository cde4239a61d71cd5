// What a supervisor and one worker say to each other: a pair of sockets, an octet a message, and with some a
// descriptor. Neither ever waits for the other.
#pragma once

#include <cstdint>
#include <optional>

#include "front/front.hpp"
#include "net/fd.hpp"

namespace sluice::app {

/// From the supervisor.
enum class Order : char {
    take_log = 'L',        // the descriptor is the log from now on
    take_queue = 'Q',      // accept who waits at the descriptor, a listening socket that is to be closed
    take_tls_queue = 'T',  // the same where clients begin with TLS
    retire = 'R',          // accept nobody any more, let the sessions end by themselves, and end
};

constexpr Order take_queue_order(front::Wrapping wrapping) {
    return wrapping == front::Wrapping::tls ? Order::take_tls_queue : Order::take_queue;
}

/// From a worker.
enum class Note : char {
    serving = 's',  // it is set up, and accepts clients
    alive = 'a',    // its loop turns; every second
};

/// What an octet means; nothing = none of ours.
std::optional<Order> read_order(char octet);
std::optional<Note> read_note(char octet);

struct Channel {
    net::Fd supervisor;
    net::Fd worker;
};

/// Throws StartError.
Channel open_channel();

/// False when the other side is gone, or has not read for so long that there is no room.
bool send_order(int channel, Order order, int descriptor = -1);
bool send_note(int channel, Note note);

struct OrderReceived {
    Order order;
    net::Fd descriptor;  // empty when none came with it
};

/// `over` is set once the other side is gone. Nothing = nothing was there, or what means nothing.
std::optional<OrderReceived> receive_order(int channel, bool& over);
/// Descriptors that a worker sends are not taken.
std::optional<Note> receive_note(int channel, bool& over);

}  // namespace sluice::app
