// One seat of a crew: the worker in it, as the supervisor sees it.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <memory>
#include <utility>

#include "app/process/channel.hpp"
#include "app/process/restart_backoff.hpp"
#include "app/supervisor/crew.hpp"

namespace sluice::app {

class Crew::Seat final : net::Timer, net::IoHandler {
  public:
    Seat(Crew& crew, unsigned index, std::shared_ptr<Metrics> metrics)
        : crew_(crew), index_(index), metrics_(std::move(metrics)) {}
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;
    ~Seat() override { forget_channel(); }

    /// Forks a worker. Only the parent returns.
    void start();
    void died(int status);
    void look();

    pid_t pid() const { return pid_; }
    bool has_served() const { return has_served_; }
    bool healthy() const { return pid_ == 0 || silent_s_ <= silent_s_good; }
    /// False when it will not hear of it.
    bool order(Order order, int descriptor = -1) const;
    /// Asks the worker for its sessions; see Crew::list_sessions.
    void list_sessions(Listed listed);
    void signal(int signal) const {
        if (pid_ > 0) ::kill(pid_, signal);
    }
    /// Nobody is to come after the worker that is there.
    void close() { disarm(); }

  private:
    static constexpr unsigned silent_s_good = 5;
    static constexpr unsigned silent_s_max = 30;

    void on_timer() override { start(); }
    void on_io(std::uint32_t events) override;
    void forget_channel();
    [[noreturn]] void be_worker(net::Fd channel, pid_t supervisor);

    Crew& crew_;
    const unsigned index_;
    const std::shared_ptr<Metrics> metrics_;  // of all workers that sit here
    RestartBackoff backoff_;
    pid_t pid_ = 0;  // 0 = nobody
    net::Fd channel_;
    Listed listed_;          // to be called; null = nothing is asked
    Instant since_;          // the worker there started
    unsigned silent_s_ = 0;  // our own seconds: a machine that slept has not heard of anybody either
    bool has_served_ = false;
};

}  // namespace sluice::app
