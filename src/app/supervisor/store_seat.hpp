// The store process as the supervisor sees it: started, started again when it dies, and its socket kept.
//
// Mail does not depend on it: while there is none, workers go on without a memory.
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
    /// Listens in the state directory, in place of whoever did, and starts the process. Throws StartError.
    StoreSeat(net::Loop& loop, std::shared_ptr<const Generation> generation);
    StoreSeat(const StoreSeat&) = delete;
    StoreSeat& operator=(const StoreSeat&) = delete;
    ~StoreSeat();

    /// The process is to be as this generation says; another one takes over where it has to be another.
    void follow(std::shared_ptr<const Generation> generation);
    /// A child has ended; false when it was not ours.
    bool died(pid_t pid, int status);
    /// Nobody is to come after it here, and it ends, once it has written down what it knows.
    void end();
    bool ending() const { return ending_; }
    /// There is no process, and will be none.
    bool ended() const { return ending_ && pid_ == 0; }
    /// The socket now belongs to a successor.
    void leave_file() { ours_ = false; }

  private:
    void on_timer() override;
    void start();
    void remove_file();
    [[noreturn]] void be_store(pid_t supervisor);
    void signal(int signal) const;

    net::Loop& loop_;
    std::shared_ptr<const Generation> generation_;
    net::Fd listener_;
    RestartBackoff backoff_;
    pid_t pid_ = 0;  // 0 = nobody
    Instant since_;
    bool ending_ = false;
    bool replacing_ = false;  // it was told to make room for another
    bool ours_ = true;
};

}  // namespace sluice::app
