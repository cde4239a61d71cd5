// Lets a new program take over from a running supervisor (`sluice upgrade`).
//
// The old supervisor executes the binary that it was itself started from, with its own arguments. It passes
// on its listening sockets as systemd would (each name says what connections there begin with), and one end
// of a socket pair. The new supervisor sets itself up and then reports on the pair that it is up, or what is
// wrong (app/process/packets.hpp). Until that report the old supervisor serves as before; afterwards it
// accepts nobody and ends with its last session. The pair stays open: when the new supervisor ends meanwhile,
// the old one takes that as a request to end too.
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

/// How this process was started. Must be asked for at the very start: the file may be replaced later.
struct Program {
    std::string path;
    std::vector<std::string> arguments;
};
Program this_program();

/// The successor as the old supervisor sees it.
class Successor final : net::IoHandler {
  public:
    struct Heard {
        std::function<void()> up;
        std::function<void(const std::vector<std::string>& errors)> failed;  // it has ended, or is about to
        std::function<void()> gone;                                          // it ended after it was up
    };

    /// Starts the new program. `loop` outlives this. To be destroyed in deferred work only. Throws
    /// StartError.
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

/// The predecessor as the new supervisor sees it: the channel on which to report, or empty when there is
/// none.
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

/// The supervisor that executed this process, or an empty one.
Predecessor find_predecessor();

}  // namespace sluice::app
