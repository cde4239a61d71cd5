// What a supervisor and one worker say to each other: a pair of sockets, an octet a message, and with some a
// descriptor or a text. Neither ever waits for the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "front/front.hpp"
#include "net/fd.hpp"

namespace sluice::app {

/// From the supervisor.
enum class Order : char {
    take_log = 'L',        // the descriptor is the log from now on
    take_queue = 'Q',      // accept who waits at the descriptor, a listening socket that is to be closed
    take_tls_queue = 'T',  // the same where clients begin with TLS
    list = 'S',            // note which sessions there are (Note::sessions)
    retire = 'R',          // accept nobody any more, let the sessions end by themselves, and end
};

constexpr Order take_queue_order(front::Wrapping wrapping) {
    return wrapping == front::Wrapping::tls ? Order::take_tls_queue : Order::take_queue;
}

/// From a worker.
enum class Note : char {
    serving = 's',  // it is set up, and accepts clients
    alive = 'a',    // its loop turns; every second
    sessions =
        'l',  // those that it holds, as text (app/worker/held_text.hpp): the one note with more than an octet
};

inline constexpr std::size_t note_octets_max = 65'536;

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
/// `text` is cut to what a note may have.
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

/// `over` is set once the other side is gone. Nothing = nothing was there, or what means nothing.
std::optional<OrderReceived> receive_order(int channel, bool& over);
/// Descriptors that a worker sends are not taken.
std::optional<NoteReceived> receive_note(int channel, bool& over);

}  // namespace sluice::app
