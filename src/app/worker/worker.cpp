#include "app/worker/worker.hpp"

#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <exception>
#include <fmt/format.h>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "app/generation/generation.hpp"
#include "app/process/channel.hpp"
#include "app/process/exit_codes.hpp"
#include "app/process/service.hpp"
#include "app/process/start_error.hpp"
#include "app/worker/acts.hpp"
#include "app/worker/held_text.hpp"
#include "front/front.hpp"
#include "net/resolver.hpp"
#include "relay/relay.hpp"
#include "store/client.hpp"

namespace sluice::app {

namespace {

/// The pause between the moments at which the slow sessions of one worker and of the next one wake. With more
/// workers than cores, good mail would otherwise wait for all workers at once.
constexpr Millis phase_step{5};

/// Receives the supervisor's orders and sends the signs of life that it expects.
class Orders final : net::IoHandler, net::Timer {
  public:
    using Obey = std::function<void(const OrderReceived&)>;

    Orders(net::Loop& loop, net::Fd channel, Obey obey)
        : loop_(loop), channel_(std::move(channel)), obey_(std::move(obey)) {
        if (!loop_.watch(channel_.get(), *this, EPOLLIN)) throw StartError("orders cannot be watched");
    }
    Orders(const Orders&) = delete;
    Orders& operator=(const Orders&) = delete;
    ~Orders() override { loop_.unwatch(channel_.get()); }

    void say_serving() {
        send_note(channel_.get(), Note::serving);
        on_timer();
    }

    void say_sessions(std::string_view text) { send_note(channel_.get(), Note::sessions, text); }

  private:
    void on_timer() override {
        send_note(channel_.get(), Note::alive);
        loop_.arm(*this, Millis{1000});
    }

    void on_io(std::uint32_t) override {
        bool over = false;
        while (const auto order = receive_order(channel_.get(), over))
            obey_(*order);
        // The supervisor is gone; SIGTERM follows (PR_SET_PDEATHSIG).
        if (over) loop_.unwatch(channel_.get());
    }

    net::Loop& loop_;
    net::Fd channel_;
    Obey obey_;
};

/// A separate resolver for the TLSA records of MTAs, so that look-ups of clients neither pay for DNSSEC nor
/// depend on it.
std::unique_ptr<net::Resolver> validating_resolver(net::Loop& loop, const Config& config) {
    if (!config.needs_validation()) return nullptr;
    return std::make_unique<net::Resolver>(loop, config.validating_resolver());
}

class Worker final : net::Timer {
  public:
    explicit Worker(WorkerTask task)
        : task_(std::move(task)),
          index_(task_.index),
          service_(task_.config.log.format, task_.log_file, task_.metrics),
          resolver_(task_.config.needs_resolver() ? std::make_unique<net::Resolver>(
                                                        service_.loop(), task_.config.resolver, task_.metrics)
                                                  : nullptr),
          validating_(validating_resolver(service_.loop(), task_.config)),
          state_(make_state()),
          acts_(state_ ? std::make_unique<Acts>(
                             service_.loop(), *state_, [this](bool read) { begin(read); },
                             [this] { front_.acts_changed(); })
                       : nullptr),
          relay_(service_.loop(), service_.offload(), validating_.get(), state_.get(), task_.config.relay,
                 [this](std::string_view what, std::string_view who, std::string_view why) {
                     service_.events().event(what, {{"worker", index_}, {"who", who}, {"why", why}});
                     count_trouble(what);
                 }),
          front_({service_.loop(), service_.offload(), resolver_.get(), relay_.parts(),
                  task_.certificates == nullptr ? nullptr : &task_.certificates->context, service_.log(),
                  task_.config.log.format, phase_step * task_.index,
                  [this](std::string_view what, std::string_view why) {
                      service_.events().event(what, {{"worker", index_}, {"why", why}});
                  },
                  state_.get(),
                  [this](const IpAddress& client) { return acts_ ? acts_->find(client) : nullptr; },
                  [registers = task_.registers](const IpAddress& client) {
                      return registers ? registers->find(client) : policy::Place{};
                  },
                  task_.metrics},
                 task_.config.front),
          orders_(service_.loop(), std::move(task_.channel),
                  [this](const OrderReceived& received) { obey(received); }) {
        // No client is accepted before the acts are known: a blocked one must not slip in.
        if (acts_) acts_->read();
    }

    /// Accepts the clients that wait at the listeners, and those to come.
    void begin(bool acts_are_known) {
        if (!acts_are_known)
            service_.events().event("acts_not_read", {{"worker", index_}, {"why", acts_why}});
        for (const Listener& listener : task_.listeners)
            front_.serve(listener.fd.get(), listener.wrapping);
        orders_.say_serving();
    }

    void count_trouble(std::string_view event) {
        static constexpr std::pair<std::string_view, MtaTrouble> troubles[] = {
            {"mta_down", MtaTrouble::down},
            {"mta_tls_failed", MtaTrouble::tls_failed},
            {"identity_not_carried", MtaTrouble::no_identity},
            {"mta_relays_for_strangers", MtaTrouble::relays},
        };
        for (const auto& [name, trouble] : troubles) {
            if (event == name) task_.metrics.add(Metric::mta_troubles, trouble);
        }
    }

    void run() {
        service_.events().event("worker_started",
                                {{"worker", index_}, {"pid", static_cast<std::int64_t>(::getpid())}});
        if (!acts_) begin(true);
        service_.run([this] { drain(); }, task_.config.front.drain_max + end_grace);
        service_.events().event("worker_ended",
                                {{"worker", index_}, {"sessions_left", std::int64_t{front_.sessions()}}});
    }

    void broke(const char* why) {
        service_.events().event("worker_broke", {{"worker", index_}, {"why", std::string_view(why)}});
    }

  private:
    std::unique_ptr<store::StateClient> make_state() {
        const Config& config = task_.config;
        if (!config.remembers()) return nullptr;
        return std::make_unique<store::StateClient>(
            service_.loop(),
            store::StateClient::Options{
                .path = config.store_path(), .deadline = config.store.deadline, .metrics = task_.metrics},
            store::StateClient::Listener{
                .told =
                    [this](std::string_view what, std::string_view why) {
                        service_.events().event(what, {{"worker", index_}, {"why", why}});
                    },
                // Deferred: `front_` and `acts_` do not exist yet while this object is made.
                .hold_again = [this] { service_.loop().defer([this] { front_.join_again(); }); },
                .acts_changed = [this] { service_.loop().defer([this] { acts_->read(); }); }});
    }

    void obey(const OrderReceived& received) {
        switch (received.order) {
            case Order::take_log: task_.log_file.replace(received.descriptor); break;
            case Order::take_queue:
                front_.take_queue(received.descriptor.get(), front::Wrapping::none);
                break;
            case Order::take_tls_queue:
                front_.take_queue(received.descriptor.get(), front::Wrapping::tls);
                break;
            case Order::list:
                front_.list([this](const front::HeldSessions& held) { orders_.say_sessions(to_text(held)); });
                break;
            case Order::retire: retire(); break;
        }
    }

    void retire() {
        front_.retire([this] { leave(); });
        // The supervisor keeps these sockets open: otherwise the clients in their queues would be reset.
        task_.listeners.clear();
    }

    void drain() {
        front_.drain([this] { leave(); });
        // A client that comes now is refused at once instead of waiting for nothing.
        task_.listeners.clear();
    }

    /// Called when the last client has gone. MTA connections end only now: the clients' transactions needed
    /// them.
    void leave() {
        relay_.drain();
        quit_by_ = service_.loop().now() + quit_time_max;
        on_timer();
    }

    /// Lets the MTAs hear QUIT, but waits at most `quit_time_max` for all of them.
    void on_timer() override {
        if (relay_.counts().connections == 0 || service_.loop().now() >= quit_by_)
            service_.stop();
        else
            service_.loop().arm(*this, Millis{20});
    }

    static constexpr Millis quit_time_max{1000};
    static constexpr std::string_view acts_why =
        "the store process does not answer: no act of an operator's is known; it is asked again";

    WorkerTask task_;
    const std::int64_t index_;
    Service service_;
    std::unique_ptr<net::Resolver> resolver_;
    std::unique_ptr<net::Resolver> validating_;
    std::unique_ptr<store::StateClient> state_;  // null = no store
    std::unique_ptr<Acts> acts_;                 // null = no store
    relay::Relay relay_;
    front::Front front_;
    Orders orders_;
    Instant quit_by_;
};

}  // namespace

int run_sandboxed(WorkerTask task, const guard::Sandbox& sandbox, pid_t supervisor) {
    const LogFormat format = task.config.log.format;
    const EventLog events(format, [format, &log_file = task.log_file](std::string_view line) {
        log_file.write_now(format, line);
    });
    const std::int64_t index = task.index;
    std::optional<Worker> worker;
    try {
        const std::vector<std::string> missing = guard::enter(sandbox);
        if (!missing.empty() && index == 0)
            events.event("sandbox_incomplete",
                         {{"missing", std::string_view(fmt::format("{}", fmt::join(missing, ", ")))}});
        // Must follow the change of user, which would undo it. SIGTERM rather than SIGKILL: clients can
        // finish their transactions even if the supervisor is killed.
        ::prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (::getppid() != supervisor) return exit_failed;
        require_spool(task.config);
        worker.emplace(std::move(task));
    } catch (const std::exception& error) {
        events.event("worker_cannot_start", {{"worker", index}, {"why", std::string_view(error.what())}});
        return exit_cannot_start;
    }
    try {
        worker->run();
    } catch (const std::exception& error) {
        // An invariant is broken and sessions may be in any state: this process ends, and another takes over.
        worker->broke(error.what());
        return exit_failed;
    }
    return exit_ok;
}

}  // namespace sluice::app
