// The time that real senders wait: the measured timers of 22 mail programs, as data (docs/guide/senders.md).
//
// A pace below all of them harms no honest sender. The same table shows what a departure proves: a client
// that left before any honest sender's timer had run out is none of them.
//
// The table holds measured values only. All rows meet RFC 5321 4.5.3.2 except those of Haraka, emailjs,
// s-nail, swaks and the libraries. Pure: no clock, no socket.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/time.hpp"

namespace sluice::policy {

/// The reply that a sender is waiting for, by the command before it.
enum class Awaited : std::uint8_t { greeting, ehlo, mail, rcpt, data, dot, quit };

constexpr std::size_t awaited_count = 7;

/// The event that restarts a sender's timer.
enum class Counts : std::uint8_t {
    gap,             // each octet: only silence exhausts its patience
    reply,           // none: the whole reply must come in time
    greeting_reply,  // as `reply` for the greeting, as `gap` for everything else
    nothing,         // it has no timer
};

struct Sender {
    std::string_view name;
    std::string_view version;
    Counts counts;
    /// By Awaited, in seconds; 0 = it does not wait for that reply, -1 = it was still there after 660 s.
    std::int16_t seconds[awaited_count];

    /// Whether its timer for this reply restarts with each octet.
    bool counts_gaps(Awaited what) const {
        return counts == Counts::gap || (counts == Counts::greeting_reply && what != Awaited::greeting);
    }
    /// The limit for this reply; nothing = it waits for ever, or not at all.
    std::optional<Seconds> patience(Awaited what) const {
        const auto limit = seconds[static_cast<std::size_t>(what)];
        if (limit <= 0 || counts == Counts::nothing) return std::nullopt;
        return Seconds{limit};
    }
};

std::span<const Sender> known_senders();

/// How long a client has waited for one reply.
struct Wait {
    Awaited what = Awaited::greeting;
    Millis reply{0};    // from the command (the greeting: from the connection) to the last octet
    Millis silence{0};  // the longest time without an octet
};

/// A sender that would have given up by then; null = none would.
const Sender* sender_lost_by(const Wait& wait);

}  // namespace sluice::policy
