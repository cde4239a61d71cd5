// One connection that goes through a script. It is told when its socket is ready or a time has come; it never
// waits.
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

/// The state that all clients of a run share.
struct Common {
    int epoll = -1;
    Time now;                 // of this turn
    Time over = Time::max();  // units decided after this are late
    Agenda agenda;
    std::mt19937_64 random;
};

/// The work of clients, and its results.
struct Work {
    Common& common;
    std::uint64_t& units_left;  // not yet begun by any client; of all works of a class
    Script script;              // a recipient's digits are written into it just before sending
    Tally tally;
    std::uint64_t recipients = 0;  // this many different ones in turn; 0 = random digits
    std::uint64_t next_recipient = 0;
    std::size_t drop_octets = 1;  // sent at a time in trickled steps
    std::chrono::milliseconds interval{1000};
};

class Client {
  public:
    Client() = default;
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// Takes over a connecting socket that the epoll set knows as `token`, for at most `units_max` units. The
    /// first was begun, or due, at `begun`; the caller has subtracted it from Work::units_left.
    void begin(int fd, std::uint64_t token, unsigned units_max, Time begun, Work& work);
    /// The socket is ready as epoll_wait(2) reported. Afterwards open() is false when the connection has
    /// ended, successfully or not.
    void on_ready(std::uint32_t events);
    /// The time of an entry of the agenda has come; the client may no longer wait for it.
    void on_time(Time at);
    /// Makes the client leave at `at`, whatever it is doing.
    void leave_at(Time at);
    /// For a client whose socket is not watched: it reads at this interval, for the first time after `first`.
    void read_every(std::chrono::milliseconds interval, std::chrono::milliseconds first);
    /// Ends the connection as failed.
    void fail(std::string_view reason);
    /// Ends the connection without a failure. It sends a reset, so that thousands leave nothing in TIME_WAIT.
    void drop();

    bool open() const { return fd_ >= 0; }
    /// The time when it last received something.
    Time heard() const { return heard_; }
    /// The current step of the script.
    std::size_t step() const { return step_; }
    /// True: its last connection did not end as its script does.
    bool failed() const { return failed_; }

  private:
    /// Sends what the step says, and goes on to the next step while no reply is awaited.
    void write();
    void write_digits(Step& step);
    void wait_until(Time at);
    void read(bool to_the_end);
    /// False when the connection has ended.
    bool take(std::string_view input);
    bool on_reply(std::uint16_t code, std::string_view text);
    void decided();
    /// Ends the connection at the end of its script.
    void leave();
    void close();

    int fd_ = -1;
    std::uint32_t step_ = 0;
    std::uint32_t replies_ = 0;  // replies received in this step
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
