// The socket by which `sluice reload`, `upgrade`, `metrics` and `sessions` ask a running supervisor.
//
// It is a file in the state directory that only its owner can connect to. Whoever asks sends one word, a
// packet, and hears one packet when it is done (app/process/packets.hpp).
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

/// How a command of the operator's ended. Called once.
using Answer = std::function<void(const Answered& answer)>;

class Control final : public net::IoHandler {
  public:
    using Obey = std::function<void(Command command, Answer answer)>;
    using IsWorker = std::function<bool(pid_t)>;

    /// Takes the place of whoever had the file in `directory`. Workers are not listened to. To be destroyed
    /// by the loop, or in deferred work. Throws StartError.
    Control(net::Loop& loop, const std::string& directory, IsWorker is_worker, Obey obey);
    Control(const Control&) = delete;
    Control& operator=(const Control&) = delete;
    ~Control() override;

    /// The file now belongs to a successor: it stays when this is destroyed.
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
    std::vector<std::unique_ptr<Asker>> askers_;  // those that have not said what they want
};

/// Throws StartError when another supervisor answers in `directory`.
void require_no_other(const std::string& directory);

/// Sends the supervisor whose state directory that is one word, and waits for the answer. Throws StartError
/// when there is no supervisor, or no answer within `deadline`.
Answered ask_supervisor(const std::string& directory, std::string_view word, Seconds deadline);

}  // namespace sluice::app
