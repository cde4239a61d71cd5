// The socket by which `sluice reload`, `upgrade`, `metrics` and `sessions` ask a running supervisor.
//
// It is a file in the state directory that only its owner can connect to. A command sends one word in a
// packet, and receives one packet when the work is done (app/process/packets.hpp).
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/process/packets.hpp"
#include "net/fd.hpp"
#include "net/loop.hpp"

namespace sluice::app {

/// Reports the outcome of an operator's command. Called once.
using Answer = std::function<void(const Answered& answer)>;

class Control final : public net::IoHandler {
  public:
    using Obey = std::function<void(Command command, Answer answer)>;
    using IsWorker = std::function<bool(pid_t)>;

    /// Replaces any earlier socket in `directory`. Orders from workers are ignored. To be destroyed by the
    /// loop, or in deferred work. Throws StartError.
    Control(net::Loop& loop, const std::string& directory, IsWorker is_worker, Obey obey);
    Control(const Control&) = delete;
    Control& operator=(const Control&) = delete;
    ~Control() override;

    /// Keeps the file when this is destroyed: it belongs to a successor now.
    void leave_file() { ours_ = false; }

  private:
    class Asker;

    void on_io(std::uint32_t events) override;

    net::Loop& loop_;
    net::Fd directory_;
    net::Fd listener_;
    IsWorker is_worker_;
    Obey obey_;
    bool ours_ = true;
    std::vector<std::unique_ptr<Asker>> askers_;  // connections that have not said what they want
};

/// Throws StartError when another supervisor answers in `directory`.
void require_no_other(const std::string& directory);

/// Sends one word to the supervisor that has this state directory, and waits for the answer. Throws
/// StartError when there is no supervisor, or no answer within `deadline`.
Answered ask_supervisor(const std::string& directory, std::string_view word, Seconds deadline);

}  // namespace sluice::app
