// A new program taking over from a running supervisor (`sluice upgrade`).
//
// The old one executes the binary it was itself started from, with its own arguments and its listening
// sockets (as systemd passes them, each named by what connections there begin with), and one end of a pair of
// sockets. The new one sets itself up and says on it that it is up, or what is wrong
// (app/process/packets.hpp). Until then the old one serves as if nothing was; from then on it accepts nobody,
// and ends with its last session. The pair stays open: when the new one ends, the old one has been asked to.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/process/listeners.hpp"
#include "app/process/packets.hpp"
#include "net/fd.hpp"
#include "net/loop.hpp"

namespace sluice::app {

/// How this process was started. To be asked for at once: the file may be replaced.
struct Program {
    std::string path;
    std::vector<std::string> arguments;
};
Program this_program();

/// Of the old one.
class Successor final : net::IoHandler {
  public:
    struct Heard {
        std::function<void()> up;
        std::function<void(const std::vector<std::string>& errors)> failed;  // it has ended, or is about to
        std::function<void()> gone;                                          // after it was up
    };

    /// Starts it; both must outlive this. Destroyed in deferred work only. Throws StartError.
    Successor(net::Loop& loop, const Program& program, const std::vector<ListeningSocket>& sockets,
              Heard heard);
    Successor(const Successor&) = delete;
    Successor& operator=(const Successor&) = delete;
    ~Successor() override;

    pid_t pid() const { return pid_; }
    bool up() const { return up_; }
    void end(int signal) const;

  private:
    void on_io(std::uint32_t events) override;

    net::Loop& loop_;
    Heard heard_;
    net::Fd channel_;
    pid_t pid_ = 0;
    bool up_ = false;
    std::vector<std::string> errors_;
};

/// Of the new one: what it speaks to its predecessor by, empty when there is none.
class Predecessor {
  public:
    explicit Predecessor(net::Fd channel) : channel_(std::move(channel)) {}

    explicit operator bool() const { return static_cast<bool>(channel_); }
    void say_up() const { say(up_packet); }
    void complain(std::string_view error) const { say(complaint_packet(error)); }

  private:
    void say(std::string_view packet) const;

    net::Fd channel_;
};

/// The one that executed this process, if one did.
Predecessor find_predecessor();

}  // namespace sluice::app
