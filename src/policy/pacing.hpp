// The pace of the slow lane: a reply is stretched to a time, never a silence.
//
// Real senders' timers count silence, or one reply as a whole; none counts the session (policy/patience.hpp).
// So each reply of the slow lane takes `reply` seconds and goes out drop by drop: the first octets within two
// seconds of being due, and never more than `silence_max` between two drops. Five replies come before
// content, and a bot that gives a session less than five times `reply` does not get that far. Content moves
// at full speed, because a body that fits the sender's kernel looks to its program like silence after the dot
// (docs/adr/0022); the content of a session that is sure to be bad can be read slowly all the same.
//
//   - no reply takes longer than `reply_time_max` from its command (the greeting: from the connection), the
//     time before the reply was known included;
//   - a session is held back for at most `delay_max` in all; after that it moves at full speed for good.
//
// Holds end at common moments, so that sessions that are due together leave in one turn of the loop. Pure: it
// is told the time and knows no socket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "base/time.hpp"

namespace sluice::policy {

/// The clients whose content is read slowly.
enum class PacedContent : std::uint8_t {
    full,  // no client's
    slow,  // that of slow sessions with a score of Thresholds::content_slow
};

struct PaceOptions {
    Millis reply{21'000};       // the time to which a reply is stretched
    Millis silence_max{4'000};  // the longest silence between two octets of a reply
    Seconds delay_max{600};     // the most that a session is held, in all
    PacedContent content = PacedContent::full;
    /// The rate at which slow content is read. A lower one would not keep a send block of 16 KiB within the 3
    /// min that a client waits for it (RFC 5321 4.5.3.2.5).
    unsigned content_in_bytes_per_s = 110;
    Millis moments{1'000};  // the distance of the moments at which holds end
    Millis phase{0};        // their phase: workers do not all wake together
};

/// The pace of one session: full speed until slow_down() is called.
class Pace {
  public:
    static constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();
    /// No reply takes longer than this, from the moment at which it was asked for: some senders allow 30 s.
    static constexpr Seconds reply_time_max{25};

    /// Starts the pace. Does nothing when it runs already, or when the session has been held for delay_max.
    /// `options` must outlive this.
    void slow_down(const PaceOptions& options);
    /// Returns to full speed (promotion).
    void speed_up() { options_ = nullptr; }
    bool slow() const { return options_ != nullptr; }
    /// Whether the session has been held back for delay_max; it then stays at full speed.
    bool exhausted() const { return exhausted_; }

    /// The number of the reply's `pending` octets that may move now: 0 = hold first, `unlimited` = no bound.
    std::size_t may_write(std::size_t pending, Instant now) const;
    /// Notes that some of them have moved.
    void wrote(Instant now);
    /// Holds octets that could move when may_write() said 0; returns the time at which the hold ends. `asked`
    /// is when the client began to wait for this reply. Counts the delay, and ends the pace for good once
    /// delay_max is used up: then it returns `now`.
    Instant hold_write(std::size_t pending, Instant now, Instant asked);
    /// Notes that the client has the whole reply.
    void reply_done() { pieces_left_ = 0; }

    /// These pace the content of a session that is sure to be bad, in drops ten seconds apart.
    std::size_t may_read(std::size_t pending, Instant now) const;
    void read() { reading_ = false; }
    Instant hold_read(Instant now);

    /// The time for which this session has been held back so far. A hold under way counts in full, although
    /// it is shorter when the session ends before it.
    Millis held() const { return Millis{held_ms_}; }

  private:
    void plan(std::size_t pending, Instant now, Instant asked);
    Instant moment_before(Instant latest) const;
    Instant hold(Instant now, Instant wanted);

    const PaceOptions* options_ = nullptr;
    Instant due_{};   // when the next piece of the reply, or the next drop of content, is due
    Instant last_{};  // when the last piece of the reply is due
    Instant held_until_{};
    std::uint32_t held_ms_ = 0;
    std::uint8_t pieces_left_ = 0;  // of the reply under way; 0 = no reply is
    bool reading_ = false;          // due_ is that of a drop
    bool exhausted_ = false;
};

}  // namespace sluice::policy
