#include "app/worker.hpp"

#include <unistd.h>

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "app/certificates.hpp"
#include "app/exit_codes.hpp"
#include "app/service.hpp"
#include "front/front.hpp"
#include "net/resolver.hpp"
#include "relay/relay.hpp"

namespace sluice::app {

namespace {

/// Between the moments at which the slow sessions of one worker move and those of the next: where there are
/// more workers than cores, good mail would else wait for all of them at once.
constexpr Millis phase_step{5};

/// A resolver of its own for the TLSA records of MTAs: those who look up clients neither pay for DNSSEC nor
/// depend on it.
std::unique_ptr<net::Resolver> validating_resolver(net::Loop& loop, const Config& config) {
    if (!config.needs_validation()) return nullptr;
    net::ResolverOptions options = config.resolver;
    options.trust_anchor_file = config.trust_anchor_file;
    return std::make_unique<net::Resolver>(loop, options);
}

class Worker final : net::Timer {
  public:
    Worker(const Config& config, const Certificates* certificates, unsigned index, WorkerListeners& listeners,
           LogFile& log_file)
        : config_(config),
          index_(index),
          listeners_(listeners),
          service_(config.log.format, log_file),
          resolver_(config.needs_resolver()
                        ? std::make_unique<net::Resolver>(service_.loop(), config.resolver)
                        : nullptr),
          validating_(validating_resolver(service_.loop(), config)),
          relay_(service_.loop(), service_.offload(), validating_.get(), config.relay,
                 [this](std::string_view what, std::string_view who, std::string_view why) {
                     service_.events().event(what, {{"worker", index_}, {"who", who}, {"why", why}});
                 }),
          certificates_(certificates == nullptr
                            ? nullptr
                            : std::make_unique<CertificateWatch>(
                                  service_.loop(), service_.offload(), config.front.tls.certificates,
                                  *certificates,
                                  [this](std::string_view what, std::string_view why) {
                                      service_.events().event(what, {{"worker", index_}, {"why", why}});
                                  })),
          front_({service_.loop(), service_.offload(), resolver_.get(), relay_,
                  certificates_ ? &certificates_->certificates() : nullptr, service_.log(), config.log.format,
                  phase_step * index,
                  [this](std::string_view what, std::string_view why) {
                      service_.events().event(what, {{"worker", index_}, {"why", why}});
                  }},
                 config.front) {
        for (const net::Fd& listener : listeners)
            front_.serve(listener.get());
    }

    void run() {
        service_.events().event("worker_started",
                                {{"worker", index_}, {"pid", static_cast<std::int64_t>(::getpid())}});
        service_.run([this](std::function<void()> drained) { drain(std::move(drained)); },
                     config_.front.drain_max + end_grace);
        service_.events().event("worker_ended",
                                {{"worker", index_}, {"sessions_left", std::int64_t{front_.sessions()}}});
    }

    void broke(const char* why) {
        service_.events().event("worker_broke", {{"worker", index_}, {"why", std::string_view(why)}});
    }

  private:
    /// The clients first: their transactions need MTA connections to finish.
    void drain(std::function<void()> drained) {
        drained_ = std::move(drained);
        front_.drain([this] {
            relay_.drain();
            quit_by_ = service_.loop().now() + quit_time_max;
            on_timer();
        });
        // Who comes now is refused at once, instead of waiting for an end.
        listeners_.clear();
    }

    /// Lets the MTAs hear our QUIT, but waits for none of them long.
    void on_timer() override {
        if (relay_.counts().connections == 0 || service_.loop().now() >= quit_by_)
            drained_();
        else
            service_.loop().arm(*this, Millis{20});
    }

    static constexpr Millis quit_time_max{1000};

    const Config& config_;
    const std::int64_t index_;
    WorkerListeners& listeners_;
    Service service_;
    std::unique_ptr<net::Resolver> resolver_;
    std::unique_ptr<net::Resolver> validating_;
    relay::Relay relay_;
    std::unique_ptr<CertificateWatch> certificates_;
    front::Front front_;
    std::function<void()> drained_;
    Instant quit_by_;
};

}  // namespace

int run_worker(const Config& config, const Certificates* certificates, unsigned index,
               WorkerListeners& listeners, LogFile& log_file) {
    std::optional<Worker> worker;
    try {
        worker.emplace(config, certificates, index, listeners, log_file);
    } catch (const std::exception& error) {
        const EventLog events(config.log.format,
                              [&](std::string_view line) { write_without_waiting(log_file.fd(), line); });
        events.event("worker_cannot_start",
                     {{"worker", std::int64_t{index}}, {"why", std::string_view(error.what())}});
        return exit_cannot_start;
    }
    try {
        worker->run();
    } catch (const std::exception& error) {
        // A broken invariant: sessions may be in any state, so this process ends and another takes over.
        worker->broke(error.what());
        return exit_failed;
    }
    return exit_ok;
}

}  // namespace sluice::app
