#include "app/supervisor/store_process.hpp"

#include <sys/prctl.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <exception>
#include <fmt/format.h>
#include <memory>
#include <optional>
#include <random>
#include <string_view>
#include <utility>

#include "app/process/exit_codes.hpp"
#include "app/process/signal_watch.hpp"
#include "app/worker/acts.hpp"
#include "app/worker/worker.hpp"
#include "net/loop.hpp"
#include "store/keeper.hpp"
#include "store/local_backing.hpp"
#include "store/redis/redis_backing.hpp"
#include "store/shared_acts.hpp"

namespace sluice::app {

namespace {

store::WallMillis wall_clock() {
    return std::chrono::duration_cast<Millis>(std::chrono::system_clock::now().time_since_epoch()).count();
}

class StoreProcess final : net::Timer {
  public:
    explicit StoreProcess(StoreTask task)
        : task_(std::move(task)),
          events_(events_of(task_.generation)),
          signals_(loop_, {SIGTERM, SIGINT, SIGHUP, SIGUSR1}, [this](int signal) { on_signal(signal); }),
          backing_(make_backing()),
          keeper_(
              loop_, task_.listener.get(), *backing_,
              {.operator_user = task_.operator_user,
               .workers_user = task_.generation.user ? task_.generation.user->id : ::geteuid(),
               .keeps_acts = keeps_acts_},
              [this](std::string_view what, std::string_view network, std::string_view act) {
                  events_.event(what, {{"network", network}, {"act", act}});
              },
              [this](uid_t user, std::string_view command, std::size_t changes) {
                  events_.event("operator_changed", {{"user", std::int64_t{user}},
                                                     {"command", command},
                                                     {"records", static_cast<std::int64_t>(changes)}});
              }) {}

    void run() {
        events_.event("store_started", {{"pid", std::int64_t{::getpid()}}, {"store", where()}});
        loop_.run();
        events_.event("store_ended", {{"pid", std::int64_t{::getpid()}}});
    }

  private:
    static constexpr Millis look_every{50};
    static constexpr Millis look_often{2};
    static constexpr Millis leave_time_max{1000};
    static constexpr std::size_t kept_acts_max = 2 * Acts::acts_max;  // acts, and the marks of forgotten ones

    const store::StoreOptions& options() const { return task_.generation.config.store; }

    void tell(std::string_view what, std::string_view why) const { events_.event(what, {{"why", why}}); }

    std::unique_ptr<store::Backing> make_backing() {
        const Config& config = task_.generation.config;
        const auto redis = config.redis();
        if (!redis) return make_local(config.memory_directory(), options().records_max);
        auto shared = std::make_unique<store::RedisBacking>(loop_, *redis, teller());
        std::unique_ptr<store::LocalBacking> kept;
        try {
            kept = make_local(config.acts_directory(), kept_acts_max);
        } catch (const std::runtime_error& error) {
            // Without local files the acts that Redis keeps are better than none.
            tell("acts_not_kept", error.what());
            keeps_acts_ = false;
            return shared;
        }
        return std::make_unique<store::SharedActs>(loop_, store::SharedActs::Options{}, std::move(kept),
                                                   std::move(shared), wall_clock, teller(),
                                                   [this] { keeper_.acts_have_changed(); });
    }

    std::unique_ptr<store::LocalBacking> make_local(std::string directory, std::size_t records_max) {
        store::LocalBacking::Options local;
        local.database = {.directory = std::move(directory), .records_max = records_max};
        local.counts_max = options().counts_max;
        local.commit_every = options().commit_every;
        local.seed = std::random_device()();
        return std::make_unique<store::LocalBacking>(loop_, local, wall_clock, teller());
    }

    store::LocalBacking::Told teller() {
        return [this](std::string_view what, std::string_view why) { tell(what, why); };
    }

    /// The kind of store only: a Redis URL may hold a password.
    std::string_view where() const { return task_.generation.config.redis() ? "redis" : "local"; }

    void on_signal(int signal) {
        if (signal == SIGUSR1) return;  // sent to the whole process group; the supervisor opens the log anew
        if (signal == SIGHUP && !leave_by_) {
            keeper_.make_room();
            leave_by_ = loop_.now() + leave_time_max;
        }
        on_timer();
    }

    /// After `leave_by_`, workers that are still connected are stopped or hang; nobody waits for them.
    void on_timer() override {
        const bool late = leave_by_ && loop_.now() >= *leave_by_;
        if (keeper_.visitors() > 0 && !late) return loop_.arm(*this, leave_by_ ? look_often : look_every);
        backing_->settle([this](std::string_view) { loop_.stop(); });
    }

    const StoreTask task_;
    const EventLog events_;
    net::Loop loop_;
    SignalWatch signals_;
    bool keeps_acts_ = true;
    std::unique_ptr<store::Backing> backing_;
    store::Keeper keeper_;
    std::optional<Instant> leave_by_;  // deadline after SIGHUP, when another store process takes over
};

}  // namespace

int run_store(StoreTask task, pid_t supervisor) {
    const EventLog events = events_of(task.generation);
    try {
        (void)guard::enter(store_sandbox_of(task.generation));
        ::prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (::getppid() != supervisor) return exit_failed;
        StoreProcess(std::move(task)).run();
    } catch (const std::exception& error) {
        events.event("store_broke", {{"why", std::string_view(error.what())}});
        return exit_failed;
    }
    return exit_ok;
}

}  // namespace sluice::app
