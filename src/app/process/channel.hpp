// The messages between a supervisor and one worker, over a pair of sockets. Each message is one octet, some
// with a descriptor or a text. Neither side ever waits for the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "front/front.hpp"
#include "net/fd.hpp"

namespace sluice::app {

/// Sent by the supervisor.
enum class Order : char {
    take_log = 'L',    // the descriptor is the log from now on
    take_queue = 'Q',  // accept the clients waiting at the descriptor, a listening socket about to be closed
    take_tls_queue = 'T',  // the same as take_queue, where clients begin with TLS
    list = 'S',            // answer with Note::sessions
    retire = 'R',          // accept nobody any more, and end with the last session
};

constexpr Order take_queue_order(front::Wrapping wrapping) {
    return wrapping == front::Wrapping::tls ? Order::take_tls_queue : Order::take_queue;
}

/// Sent by a worker.
enum class Note : char {
    serving = 's',   // it is set up and accepts clients
    alive = 'a',     // its loop turns; sent every second
    sessions = 'l',  // its sessions as text (app/worker/held_text.hpp); the only note of more than an octet
};

inline constexpr std::size_t note_octets_max = 65'536;

/// The meaning of an octet; nothing when it has none.
std::optional<Order> read_order(char octet);
std::optional<Note> read_note(char octet);

struct Channel {
    net::Fd supervisor;
    net::Fd worker;
};

/// Throws StartError.
Channel open_channel();

/// False when the other side is gone, or has not read for so long that there is no room for the order.
bool send_order(int channel, Order order, int descriptor = -1);
/// Cuts `text` to the size of a note.
bool send_note(int channel, Note note, std::string_view text = {});

struct OrderReceived {
    Order order;
    net::Fd descriptor;  // empty when none came with it
};

struct NoteReceived {
    Note note;
    std::string text;
    bool operator==(const NoteReceived&) const = default;
};

/// Sets `over` when the other side is gone. Nothing when no message was there, or one without a meaning.
std::optional<OrderReceived> receive_order(int channel, bool& over);
/// Ignores descriptors that a worker sends.
std::optional<NoteReceived> receive_note(int channel, bool& over);

}  // namespace sluice::app
