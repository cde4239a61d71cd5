// How long real senders wait: measured clocks of 22 mail programs, as data (docs/guide/senders.md).
//
// A pace harms nobody while it stays below all of them. The same table says what leaving proves: a client
// that left although no honest sender's clock had run out is not one of them.
//
// Only what was measured stands here; RFC 5321 4.5.3.2 asks for no less than any row but Haraka's, emailjs',
// s-nail's, swaks' and the libraries' have. Pure: no clock, no socket.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/time.hpp"

namespace sluice::policy {

/// What a sender is waiting for a reply to.
enum class Awaited : std::uint8_t { greeting, ehlo, mail, rcpt, data, dot, quit };

constexpr std::size_t awaited_count = 7;

/// What starts a sender's clock anew.
enum class Counts : std::uint8_t {
    gap,             // each octet: only silence ends its patience
    reply,           // nothing: the whole reply has to be there in time
    greeting_reply,  // as `reply` for the greeting, as `gap` for everything else
    nothing,         // it has no clock
};

struct Sender {
    std::string_view name;
    std::string_view version;
    Counts counts;
    /// By Awaited, in seconds; 0 = it does not wait for that reply, -1 = it was still there after 660 s.
    std::int16_t seconds[awaited_count];

    /// Whether its clock for this reply starts anew with each octet.
    bool counts_gaps(Awaited what) const {
        return counts == Counts::gap || (counts == Counts::greeting_reply && what != Awaited::greeting);
    }
    /// Nothing: it waits for ever, or not at all.
    std::optional<Seconds> patience(Awaited what) const {
        const auto limit = seconds[static_cast<std::size_t>(what)];
        if (limit <= 0 || counts == Counts::nothing) return std::nullopt;
        return Seconds{limit};
    }
};

std::span<const Sender> known_senders();

/// How a client has been made to wait for one reply.
struct Wait {
    Awaited what = Awaited::greeting;
    Millis reply{0};    // from the command (the greeting: from the connection) to the last octet
    Millis silence{0};  // the longest time in it without an octet
};

/// A sender that would have left by then; null = none would.
const Sender* sender_lost_by(const Wait& wait);

}  // namespace sluice::policy
