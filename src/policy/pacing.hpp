// The pace of the slow lane: how many octets may move now, and when the next may.
//
// A trickle must bite a spammer and never an honest MTA, so three rules bound it (RFC 5321 4.5.3.2):
//   - one exchange (reading a command and writing its reply) is held back for at most `exchange_max`; the
//   rest of it
//     then moves at full speed. The client's timer for a reply is 5 min (DATA: 2 min).
//   - content is read no slower than `content_in_bytes_per_s`, so that a client's send block of 16 KiB is
//   done within the
//     3 min it waits for one;
//   - a session is held back for at most `delay_max` in all; after that it moves at full speed.
// Pure: told the time, knows no socket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "base/time.hpp"

namespace sluice::policy {

struct PaceOptions {
    unsigned out_bytes_per_s = 5;
    unsigned in_bytes_per_s = 5;            // commands
    unsigned content_in_bytes_per_s = 110;  // DATA and BDAT; 92 is the least that keeps 16 KiB within 3 min
    Millis interval{1000};                  // the trickle comes in drops this far apart
    Seconds exchange_max{90};
    Seconds delay_max{600};
};

/// The pace of one session. The default is full speed until slow_down() is called.
class Pace {
  public:
    static constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

    /// Starts the trickle; does nothing when it has started already. `options` must outlive this.
    void slow_down(const PaceOptions& options, Instant now);
    /// Back to full speed for good (promotion).
    void speed_up() { options_ = nullptr; }
    bool slow() const { return options_ != nullptr; }

    /// How much may be written, or read, now. `content` while message content is what the client sends.
    std::size_t may_write(Instant now);
    std::size_t may_read(Instant now, bool content);
    /// What was moved. Counted against the coming interval.
    void wrote(std::size_t octets, Instant now);
    void read(std::size_t octets, Instant now, bool content);

    /// Something is ready to move, and the pace holds it back until the returned time. Accounts the delay.
    Instant hold(Instant now, bool writing);
    /// The client has its reply, whole: a new exchange begins.
    void exchange_done() { exchange_held_ = Millis{0}; }

    /// Time this session has been held back so far.
    Millis held() const { return held_; }

  private:
    bool full_speed() const;

    const PaceOptions* options_ = nullptr;
    Instant next_write_{};
    Instant next_read_{};
    Instant held_until_{};
    Millis held_{0};
    Millis exchange_held_{0};
};

}  // namespace sluice::policy
