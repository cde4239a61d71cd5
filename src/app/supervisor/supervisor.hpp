// The process that keeps the workers alive and replaces them without losing a connection. It binds, forks,
// waits and signals. It reads no octet that a client or an MTA sent, so no such octet can bring it down.
//
// One crew of workers accepts clients. A reload or a renewed certificate makes the next crew on the same
// listening sockets. When all of the new crew serves, the old one accepts nobody any more and ends with its
// last session. `sluice upgrade` works the same way, except that the next crew belongs to another process.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/config/run_flags.hpp"
#include "app/process/control.hpp"
#include "app/process/metric_pages.hpp"
#include "app/process/signal_watch.hpp"
#include "app/supervisor/census.hpp"
#include "app/supervisor/crew.hpp"
#include "app/supervisor/store_seat.hpp"
#include "app/supervisor/successor.hpp"

namespace sluice::app {

class Supervisor final : net::Timer {
  public:
    /// The most crews that may still have sessions beside the accepting one. Beyond it the oldest is drained
    /// as by SIGTERM.
    static constexpr std::size_t retired_max = 8;

    /// A reload reads the configuration with `flags`. `surplus` are sockets of a predecessor that nobody
    /// needs any more. The predecessor, which may be empty, outlives this. Throws StartError.
    Supervisor(RunFlags flags, std::shared_ptr<const Generation> first, Listeners listeners,
               std::vector<ListeningSocket> surplus, const Predecessor& predecessor);

    /// Runs until all workers have ended after SIGTERM or SIGINT, until the first crew proves unable to start
    /// at all, or until a successor has taken over. Returns the exit code.
    int run();

  private:
    /// The crew that is to take over.
    struct Change {
        std::unique_ptr<Crew> crew;
        std::string_view event;  // logged once it has taken over
        Answer answer;
        Instant give_up_at;
    };

    void on_timer() override;
    void on_signal(int signal);
    /// Every crew that may have workers, the accepting one first.
    std::vector<Crew*> crews() const;
    void reap();
    void review_later();
    void review();

    void open_store(std::shared_ptr<const Generation> generation);
    void came_up();
    void obey(Command command, const Answer& answer);
    void reload(const Answer& answer);
    std::vector<std::string> try_reload(const Answer& answer);
    void renew_certificates();
    void begin(std::shared_ptr<const Generation> next, std::string_view event, Answer answer);
    void start_change();
    void finish_change();
    void change_store();
    void give_up_change();
    void retire(std::unique_ptr<Crew> crew);
    void close_later(std::vector<ListeningSocket> sockets);
    void close_now();

    void upgrade(const Answer& answer);
    void replaced();
    void stop(Seconds within);
    void kill_all();
    void reopen_logs();
    void ping_watchdog() const;
    bool busy() const { return change_ || successor_ || stopping_; }
    EventLog events() const { return events_of(*crew_->generation()); }

    /// A timer that calls a function.
    class Alarm final : public net::Timer {
      public:
        explicit Alarm(std::function<void()> ring) : ring_(std::move(ring)) {}
        void on_timer() override { ring_(); }

      private:
        std::function<void()> ring_;
    };

    const RunFlags flags_;
    const Program program_;  // read at the start: its file may be replaced later
    net::Loop loop_;
    SignalWatch signals_;
    const Predecessor& predecessor_;
    MetricPages pages_;                 // must outlive all crews
    Census census_{loop_};              // must outlive all crews, too
    std::unique_ptr<Crew> crew_;        // never null; after a hand-over, the last crew that accepted
    std::unique_ptr<StoreSeat> store_;  // null = no store process
    std::vector<std::unique_ptr<StoreSeat>> leaving_stores_;  // seats whose process is ending, or is killed
    std::unique_ptr<Change> change_;                          // null = no change is under way
    std::vector<std::unique_ptr<Crew>> retired_;              // the oldest first
    std::unique_ptr<Control> control_;                        // null = not up yet, or no state directory
    std::unique_ptr<Successor> successor_;
    std::vector<ListeningSocket> closing_;
    Alarm close_{[this] { close_now(); }};
    std::string certificates_seen_;  // the version that was tried last
    Answer upgrade_answer_;
    Instant upgrade_by_;
    bool up_ = false;
    bool stopping_ = false;
    bool reviewing_ = false;
    int exit_code_ = 0;
};

}  // namespace sluice::app
