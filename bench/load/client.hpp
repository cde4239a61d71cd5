// One connection going through a script. Told when its socket is ready or its time has come; never waits.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string_view>

#include "load/agenda.hpp"
#include "load/reply_reader.hpp"
#include "load/script.hpp"
#include "load/tally.hpp"

namespace load {

/// What all clients of a run have in common.
struct Common {
    int epoll = -1;
    Time now;                 // of this turn
    Time over = Time::max();  // what is decided later is late
    Agenda agenda;
    std::mt19937_64 random;
};

/// What clients do, and what has come of it.
struct Work {
    Common& common;
    std::uint64_t& units_left;  // not yet begun by any client; of all works of a class
    Script script;              // a recipient's digits are written into it just before they are sent
    Tally tally;
    std::uint64_t recipients = 0;  // so many different ones in turn; 0 = random digits
    std::uint64_t next_recipient = 0;
    std::size_t drop_octets = 1;  // of trickled steps
    std::chrono::milliseconds interval{1000};
};

class Client {
  public:
    Client() = default;
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// Takes over a connecting socket that the epoll set knows as `token`, for at most `units_max` units. The
    /// first has begun, or was meant to begin, at `begun`; the caller has taken it off Work::units_left.
    void begin(int fd, std::uint64_t token, unsigned units_max, Time begun, Work& work);
    /// The socket is ready as epoll_wait(2) said. Afterwards not open() when the connection has ended, well
    /// or not.
    void on_ready(std::uint32_t events);
    /// The time of an entry of the agenda has come; it may be one this client no longer waits for.
    void on_time(Time at);
    /// Whatever it is doing then, it leaves.
    void leave_at(Time at);
    /// Its socket is not watched: it looks by itself what has come, so often, the first time after `first`.
    void read_every(std::chrono::milliseconds interval, std::chrono::milliseconds first);
    /// Ends it as failed.
    void fail(std::string_view reason);
    /// Ends it as something that may end now. A reset, so that thousands leave nothing in TIME_WAIT.
    void drop();

    bool open() const { return fd_ >= 0; }
    /// When it last heard something.
    Time heard() const { return heard_; }
    /// How far in the script it is.
    std::size_t step() const { return step_; }
    /// Its last connection did not end as its script does.
    bool failed() const { return failed_; }

  private:
    /// Says what its step says, and goes on to the next while nothing is awaited.
    void write();
    void write_digits(Step& step);
    void wait_until(Time at);
    void read(bool to_the_end);
    /// False when the connection has ended.
    bool take(std::string_view input);
    bool on_reply(std::uint16_t code, std::string_view text);
    void decided();
    /// At the end of its script.
    void leave();
    void close();

    int fd_ = -1;
    std::uint32_t step_ = 0;
    std::uint32_t replies_ = 0;  // of this step, heard
    unsigned units_left_ = 0;    // of this connection, not yet begun
    ReplyReader reader_;
    enum class Waits : std::uint8_t { to_write, to_read, to_leave } waits_ = Waits::to_write;
    bool failed_ = false;
    std::uint64_t token_ = 0;
    Work* work_ = nullptr;
    std::size_t written_ = 0;  // of this step
    Time unit_begun_;
    Time heard_;
    Time waits_for_;
    std::chrono::milliseconds read_interval_{0};
};

}  // namespace load
