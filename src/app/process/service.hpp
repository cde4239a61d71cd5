// The parts of every process that serves clients: the loop, threads, the log, signals, and an orderly end.
//
// Each worker of `sluice run` has one, in front of MTAs; `sluice sink` is one, in front of a Maildir.
#pragma once

#include <functional>
#include <memory>

#include "app/process/event_log.hpp"
#include "app/process/log_file.hpp"
#include "app/process/signal_watch.hpp"
#include "front/front.hpp"
#include "net/log_writer.hpp"
#include "net/loop.hpp"
#include "net/offload.hpp"

namespace sluice::app {

class Service {
  public:
    /// `log_file` and `metrics` must outlive it. Throws StartError and std::runtime_error.
    Service(LogFormat format, const LogFile& log_file, Metrics& metrics = unread_metrics());

    net::Loop& loop() { return loop_; }
    net::Offload& offload() { return offload_; }
    net::LogWriter& log() { return writer_; }
    LogFormat log_format() const { return format_; }
    const EventLog& events() const { return events_; }

    /// Runs the loop until stop(). On SIGTERM or SIGINT it calls `drain` once, which must lead to a call of
    /// stop() when all work is done. If the loop hangs, or is alone because its supervisor was killed, the
    /// kernel ends the process `end_within` after the signal.
    void run(std::function<void()> drain, Seconds end_within);
    void stop() { loop_.stop(); }

  private:
    void on_signal(int signal);

    LogFormat format_;
    std::function<void()> drain_;
    Seconds end_within_{0};
    bool draining_ = false;

    // The signals are blocked before the members below start threads.
    net::Loop loop_;
    SignalWatch signals_;
    net::LogWriter writer_;
    EventLog events_;
    net::Offload offload_;
};

}  // namespace sluice::app
