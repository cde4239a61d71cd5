// The pace of the slow lane: how many octets may move now, and when the next may.
//
// The trickle comes in drops, each paid for before it falls: octets wait for as long as they take at the
// rate, and then move together. So the rate is never exceeded, whatever the size of a drop, and a held
// session costs a wake-up in `interval` instead of one for each octet or two (docs/adr/0007). What the client
// has sent waits in the kernel, where it keeps the window small.
//
// A trickle must bite a spammer and never an honest MTA, so three rules bound it (RFC 5321 4.5.3.2):
//   - one exchange (reading a command and writing its reply) is held back for at most `exchange_max`; the
//   rest of it
//     then moves at full speed. The client's timer for a reply is 5 min (DATA: 2 min).
//   - content is read no slower than `content_in_bytes_per_s`, in drops no further than 10 s apart, so that a
//   client's send block of 16 KiB is done within the 3 min it waits for one, also where it has just missed a
//   drop. To content belongs all of BDAT but its first line (RFC 3030): the lines between chunks are read as
//   content is, and the replies to chunks that are not the last wait for nothing, so that it makes no
//   difference how a message is cut. The 149 s of 16 KiB, a drop, and a first line at an octet a second are
//   within those 3 min;
//   - a session is held back for at most `delay_max` in all; after that it moves at full speed for good.
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
    unsigned content_in_bytes_per_s = 110;  // DATA and BDAT; less would not keep 16 KiB within 3 min
    Millis interval{10000};  // the trickle comes in drops this far apart, the last half as much again; those
                             // of content never half as much again, nor further than 10 s apart
    Millis phase{0};  // of the moments at which holds end: workers with different ones do not wake together
    Seconds exchange_max{90};
    Seconds delay_max{600};
};

/// The pace of one session: full speed until slow_down() is called.
class Pace {
  public:
    static constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

    /// What the client is sending. `content` is also the lines of BDAT behind the first.
    enum class Reading : std::uint8_t { commands, content };
    /// What it is told: `chunk_reply` answers a BDAT without LAST.
    enum class Writing : std::uint8_t { reply, chunk_reply };

    /// Starts the trickle. Does nothing when it runs already, or has been suffered to its end. `options` must
    /// outlive this.
    void slow_down(const PaceOptions& options, Instant now);
    /// Back to full speed (promotion).
    void speed_up() { options_ = nullptr; }
    bool slow() const { return options_ != nullptr; }
    /// The session has been held back for delay_max: it has paid, and stays at full speed.
    bool exhausted() const { return exhausted_; }

    /// How much of `pending` octets may move now: 0 = hold first, `unlimited` = no bound.
    std::size_t may_write(std::size_t pending, Instant now, Writing what = Writing::reply) const;
    std::size_t may_read(std::size_t pending, Instant now, Reading what) const;
    /// They did move; the next ones begin to wait.
    void wrote(Instant now) { write_began_ = now; }
    void read() { reading_ = false; }

    /// Something could move, and the pace holds it back (may_… said 0) until the returned time. Counts the
    /// delay, and ends the pace for good once delay_max is used up.
    Instant hold_write(std::size_t pending, Instant now);
    Instant hold_read(std::size_t pending, Instant now, Reading what);
    /// The client has its reply, whole: a new exchange begins.
    void exchange_done();

    /// For how long this session has been held back so far. A hold under way counts whole: one that ends
    /// early, with the session, was shorter.
    Millis held() const { return Millis{held_ms_}; }

  private:
    Instant hold(Instant now, Instant wanted, Millis exchange_left);
    Millis exchange_left() const;
    bool full_speed(Instant now) const;
    std::size_t next_write(std::size_t pending) const;
    std::size_t next_read(std::size_t pending, Reading what) const;
    Instant write_due(std::size_t pending) const;
    Instant read_due(std::size_t pending, Reading what) const;
    unsigned read_rate(Reading what) const;

    const PaceOptions* options_ = nullptr;
    Instant write_began_{};  // since when the octets that are to be written next have waited
    Instant read_began_{};   // likewise what is to be read
    Instant held_until_{};
    std::uint32_t held_ms_ = 0;
    std::uint32_t exchange_held_ms_ = 0;
    bool writing_ = false;  // write_began_ counts
    bool reading_ = false;  // read_began_ counts
    bool exhausted_ = false;
};

}  // namespace sluice::policy
