// One connection going through a script. Told when its socket is ready; never waits.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string_view>

#include "load/reply_reader.hpp"
#include "load/script.hpp"
#include "load/tally.hpp"

namespace load {

using Time = std::chrono::steady_clock::time_point;

/// What all clients of a run have in common.
struct Shared {
    Script script;  // random digits are written into it just before they are sent
    Tally tally;
    std::uint64_t units_left = 0;  // not yet begun by any client
    std::mt19937_64 random;
    int epoll = -1;
    Time now;  // of this turn
};

class Client {
  public:
    Client() = default;
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// Takes over a connecting socket, watched by the epoll set, for at most `units_max` units. The first is
    /// begun now, and the caller has taken it off Shared::units_left.
    void begin(int fd, unsigned units_max, Shared& shared);
    /// The socket is ready as epoll_wait(2) said. Afterwards not open() when the connection has ended, well
    /// or not.
    void on_ready(std::uint32_t events, Shared& shared);
    /// Ends it as failed.
    void fail(std::string_view reason, Shared& shared);
    /// Ends it as something that may end now. A reset, so that thousands leave nothing in TIME_WAIT.
    void drop();

    bool open() const { return fd_ >= 0; }
    /// When it last heard something.
    Time heard() const { return heard_; }
    /// How far in the script it is.
    std::size_t step() const { return step_; }

  private:
    /// Says what its step says, and goes on to the next while nothing is awaited.
    void write(Shared& shared);
    void read(bool to_the_end, Shared& shared);
    /// False when the connection has ended.
    bool take(std::string_view input, Shared& shared);
    bool on_reply(std::uint16_t code, std::string_view text, Shared& shared);
    void close();

    int fd_ = -1;
    std::uint32_t step_ = 0;
    std::uint32_t replies_ = 0;  // of this step, heard
    unsigned units_left_ = 0;    // of this connection, not yet begun
    ReplyReader reader_;
    std::size_t written_ = 0;  // of this step
    Time unit_begun_;
    Time heard_;
};

}  // namespace load
