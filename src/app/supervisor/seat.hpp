// One seat of a crew: the worker in it, seen from the supervisor.
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

    /// Forks a worker. Returns in the parent only.
    void start();
    void died(int status);
    void look();

    pid_t pid() const { return pid_; }
    bool has_served() const { return has_served_; }
    bool healthy() const { return pid_ == 0 || silent_s_ <= silent_s_good; }
    /// False when there is no worker or the order cannot be sent.
    bool order(Order order, int descriptor = -1) const;
    /// Asks the worker for its sessions; see Crew::list_sessions.
    void list_sessions(Listed listed);
    void signal(int signal) const {
        if (pid_ > 0) ::kill(pid_, signal);
    }
    /// Prevents a restart: when the present worker ends, the seat stays empty.
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
    const std::shared_ptr<Metrics> metrics_;  // shared by all workers that sit here in turn
    RestartBackoff backoff_;
    pid_t pid_ = 0;  // 0 = no worker
    net::Fd channel_;
    Listed listed_;          // not yet called; null = no question is open
    Instant since_;          // start of the present worker
    unsigned silent_s_ = 0;  // counted by look(): a machine that slept finds nobody silent
    bool has_served_ = false;
};

}  // namespace sluice::app
