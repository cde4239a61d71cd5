// Threads that leave all signals to the loop.
#pragma once

#include <signal.h>

#include <thread>
#include <utility>

namespace sluice::net {

/// Blocks every signal of the calling thread while it exists; threads started meanwhile inherit that for
/// their whole life. So SIGTERM reaches the loop's thread and no other, and SIGPIPE and SIGXFSZ become errors
/// of the call that caused them.
class SignalsBlocked {
  public:
    SignalsBlocked() {
        sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;
    ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  private:
    sigset_t before_;
};

template <typename Body>
std::thread start_quiet_thread(Body body) {
    const SignalsBlocked blocked;
    return std::thread(std::move(body));
}

}  // namespace sluice::net
