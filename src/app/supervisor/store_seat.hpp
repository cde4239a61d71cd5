// The store process seen from the supervisor, which starts it, restarts it when it dies, and keeps its
// socket.
//
// Mail does not depend on it: while there is no store process, workers go on without their memory.
#pragma once

#include <sys/types.h>

#include <memory>

#include "app/generation/generation.hpp"
#include "app/process/restart_backoff.hpp"
#include "net/fd.hpp"
#include "net/loop.hpp"

namespace sluice::app {

class StoreSeat final : net::Timer {
  public:
    /// Listens in the state directory, in place of any earlier listener, and starts the process. Throws
    /// StartError.
    StoreSeat(net::Loop& loop, std::shared_ptr<const Generation> generation);
    StoreSeat(const StoreSeat&) = delete;
    StoreSeat& operator=(const StoreSeat&) = delete;
    ~StoreSeat();

    /// Adopts this generation. Where its store or its log differs, another process takes over from the
    /// present one, which is killed if it does not end.
    void follow(std::shared_ptr<const Generation> generation);
    /// Handles the end of a child process; false when `pid` is not the store process.
    bool died(pid_t pid, int status);
    /// Ends the process, which first writes down what it knows, and is killed if it does not end. No other is
    /// started from this seat.
    void end();
    bool ending() const { return ending_; }
    /// The process has ended, and no other will be started.
    bool ended() const { return ending_ && pid_ == 0; }
    /// Keeps the socket's file in place: it belongs to a successor now.
    void leave_file() { ours_ = false; }

  private:
    void on_timer() override;
    void start();
    void remove_file();
    void send_away();
    [[noreturn]] void be_store(pid_t supervisor);
    void signal(int signal) const;

    net::Loop& loop_;
    std::shared_ptr<const Generation> generation_;
    net::Fd listener_;
    RestartBackoff backoff_;
    pid_t pid_ = 0;  // 0 = no process
    Instant since_;
    bool ending_ = false;
    bool replacing_ = false;  // it was told to make room for another process
    bool ours_ = true;
};

}  // namespace sluice::app
