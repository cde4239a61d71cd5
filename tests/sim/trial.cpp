#include "sim/trial.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <memory>
#include <utility>

#include "sim/client.hpp"
#include "sim/mta.hpp"
#include "sim/process.hpp"
#include "sim/product.hpp"
#include "sim/scenario.hpp"
#include "sim/world.hpp"

namespace sluice::sim {

namespace {

constexpr std::int64_t wall_clock_start = 1'800'000'000'000'000'000;
constexpr std::uint64_t turns_without_time_max = 20'000;
/// The time after its own limit for which a session may still wait for an MTA's last reply.
constexpr Seconds delivery_slack{3600};
/// Once no fault occurs any more, every letter arrives within this time.
constexpr Seconds patience_at_the_end{12 * 3600};

class Trial {
  public:
    Trial(std::uint64_t seed, const TrialOptions& options);
    ~Trial();
    Findings run();

  private:
    void make_peers();
    void turn();
    void check_bounds();
    void step_wall_clock();
    void live();
    void end();
    bool letters_left() const;
    Seconds age() const { return std::chrono::floor<Seconds>(world_.agenda.now()); }

    TrialOptions options_;
    World world_;
    Scenario scenario_;
    std::vector<std::unique_ptr<Mta>> mtas_;
    std::vector<std::unique_ptr<Client>> clients_;
    std::unique_ptr<Product> product_;
    std::int64_t wall_clock_off_ = 0;
};

Trial::Trial(std::uint64_t seed, const TrialOptions& options)
    : options_(options), world_(seed, options.keep_trace), scenario_(draw_scenario(world_.dice)) {
    if (options.only_fault) world_.faults.only(*options.only_fault, options.only_fault_per_mille);
    world_.faults.plant(options.sabotage);
    world_.path = scenario_.path;
    world_.verified = scenario_.relay.verify.by == relay::VerifyBy::mta;
    world_.normalises = scenario_.front.server.bare_newlines == smtp::BareNewlines::normalise;
    world_.size_max = scenario_.front.server.limits.message_octets_max;
    world_.scarce = scenario_.scarce;
    world_.kernel.descriptors_max = scenario_.descriptors_max;
    world_.kernel.log_reader = [this](std::string_view line) { world_.ledger.logged(line); };
    world_.kernel.router = [this](const net::Endpoint& endpoint) {
        const auto there =
            std::ranges::find(mtas_, endpoint, [](const auto& mta) { return mta->traits().endpoint; });
        return (*there)->connect();
    };
    if (world_.faults.none()) world_.calm_from = Micros{0};
    set_wall_clock(wall_clock_start);
    for (const MtaTraits& traits : scenario_.mtas)
        mtas_.push_back(std::make_unique<Mta>(world_, traits));
    product_ = std::make_unique<Product>(scenario_);
    world_.door = world_.kernel.shared_door(product_->listener());
    make_peers();
}

Trial::~Trial() {
    world_.agenda.clear();
}

void Trial::make_peers() {
    for (unsigned i = 0; i < scenario_.clients; ++i) {
        const Millis delay{world_.dice.between(0, std::chrono::milliseconds(scenario_.arrivals).count())};
        clients_.push_back(std::make_unique<Client>(world_, draw_client(world_.dice, i),
                                                    draw_letters(world_.dice, i, scenario_), delay));
    }
    step_wall_clock();
}

/// The clock is set, by years. It is used for log lines and Received alone.
void Trial::step_wall_clock() {
    if (world_.faults.strikes(Fault::wall_clock_steps))
        wall_clock_off_ = world_.dice.between(-1'000'000'000, 1'000'000'000) * 1'000'000'000;
    world_.agenda.after(Seconds{10}, [this] { step_wall_clock(); });
}

void Trial::turn() {
    set_wall_clock(wall_clock_start + wall_clock_off_ +
                   std::chrono::nanoseconds(world_.agenda.now()).count());
    product_->loop().turn(Seconds{10});
    check_bounds();
}

void Trial::check_bounds() {
    const auto counts = product_->counts();
    if (counts.connections > scenario_.relay.pool.connections_max)
        world_.ledger.violation(0, fmt::format("{} connections in a pool of {}", counts.connections,
                                               scenario_.relay.pool.connections_max));
    if (product_->sessions() > scenario_.front.sessions_max)
        world_.ledger.violation(0, "more sessions than sessions_max");
    if (world_.kernel.turns_without_time > turns_without_time_max)
        world_.ledger.violation(0, "the loop spins");
    if (counts.cached > scenario_.relay.verify.cache_max)
        world_.ledger.violation(0, "the cache outgrew its bound");
}

bool Trial::letters_left() const {
    return std::ranges::any_of(clients_,
                               [](const auto& client) { return !client->done() || client->busy(); });
}

void Trial::live() {
    const bool ends_early = scenario_.ended_after.count() != 0;
    const auto& pool = scenario_.relay.pool;
    while (world_.ledger.violations().empty()) {
        if (ends_early && age() >= scenario_.ended_after) return;
        if (!world_.faults.healed() && age() >= scenario_.healed_after) {
            world_.faults.heal();
            world_.kernel.descriptors_max = 10'000;
            const Seconds grace = pool.final_timeout + pool.waiting_time_max + Seconds{600};
            world_.calm_from = std::min<Micros>(world_.calm_from, world_.agenda.now() + grace);
        }
        if (!letters_left()) return;
        if (age() > scenario_.healed_after + patience_at_the_end) {
            world_.ledger.violation(0, "letters are left though nothing has been wrong for twelve hours");
            return;
        }
        turn();
    }
}

/// Sends SIGTERM; afterwards nothing may be left.
void Trial::end() {
    world_.leaving = true;
    world_.faults.heal();
    product_->drain();
    const Micros drained_by = world_.agenda.now() + scenario_.front.drain_max + Seconds{2};
    while (!product_->drained() && world_.agenda.now() < drained_by)
        turn();
    if (!product_->drained()) world_.ledger.violation(0, "not drained in time");
    if (product_->sessions() != 0) world_.ledger.violation(0, "drained with sessions");
    // The time for MTA connections in progress, the disk, and memory that is kept for a moment.
    const Micros over_by = world_.agenda.now() + Seconds{1800};
    const auto quiet = [this] {
        return world_.kernel.open_descriptors() == 0 && product_->counts().connections == 0 &&
               product_->loop().timers().until_next(product_->loop().now()) == Millis::max();
    };
    while (!quiet() && world_.agenda.now() < over_by)
        turn();
    if (world_.kernel.open_descriptors() != 0)
        world_.ledger.violation(0, fmt::format("{} descriptors are left", world_.kernel.open_descriptors()));
    if (product_->counts().connections != 0) world_.ledger.violation(0, "the pool has connections left");
    if (product_->counts().waiting != 0) world_.ledger.violation(0, "questions are left");
    if (!quiet()) world_.ledger.violation(0, "a timer is left");
    world_.ledger.close();
}

Findings Trial::run() {
    live();
    if (world_.ledger.violations().empty()) end();
    for (const auto& link : world_.links) {
        if (link->of_client() && link->held_open() > scenario_.front.session_time_max + delivery_slack)
            world_.ledger.violation(link->number(), "a session outlived its bounds");
    }
    Findings findings;
    for (const auto& violation : world_.ledger.violations())
        findings.violations.push_back(violation.what);
    if (options_.whole_story) findings.story = describe(scenario_) + world_.trace.last(0, SIZE_MAX);
    if (!findings.violations.empty() && options_.keep_trace && !options_.whole_story)
        findings.story = world_.trace.last(world_.ledger.violations().front().link, options_.story_lines_max);
    findings.digest = world_.trace.digest();
    findings.sessions = world_.sessions;
    findings.messages = world_.ledger.accepted();
    findings.virtual_seconds = static_cast<std::uint64_t>(age().count());
    findings.faults = world_.faults.counts();
    return findings;
}

}  // namespace

Findings run_trial(std::uint64_t seed, const TrialOptions& options) {
    Trial trial(seed, options);
    return trial.run();
}

Findings run_trial_and_weigh(std::uint64_t seed, const TrialOptions& options) {
    std::uint64_t left = 0;
    Findings findings;
    // Memory that a function allocates once, at its first call, is no leak: a second round shows none.
    for (int round = 0; round < 2; ++round) {
        findings = {};
        const std::uint64_t before = live_blocks();
        findings = run_trial(seed, options);
        if (!findings.violations.empty()) return findings;
        left = live_blocks() - before;
        if (left == 0) return findings;
    }
    findings.violations.push_back(fmt::format("{} blocks of memory are left", left));
    return findings;
}

}  // namespace sluice::sim
