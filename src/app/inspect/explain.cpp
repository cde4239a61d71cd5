#include "app/inspect/explain.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "app/generation/registers.hpp"
#include "app/inspect/reached_address.hpp"
#include "app/inspect/store_session.hpp"
#include "app/process/duration.hpp"
#include "app/process/start_error.hpp"
#include "app/worker/acts.hpp"
#include "judge/case.hpp"
#include "net/own_addresses.hpp"
#include "net/resolver.hpp"
#include "relay/recipient_cache.hpp"
#include "relay/shared_answer.hpp"
#include "store/greylist_operations.hpp"
#include "store/keys.hpp"

namespace sluice::app {

namespace {

/// The client that the operator asks about, before a case of its own.
class Asked final : judge::Party {
  public:
    Asked(const Config& config, const ConfigLines& lines, const Presented& presented,
          std::span<const judge::Check* const> checks)
        : config_(config), lines_(lines), presented_(presented), checks_(checks) {}

    Explanation run() {
        note_health_check();
        find_place();
        with_store([this](StoreSession& store) { note_act(store); });
        note_network();
        open_case();
        drive_case();
        with_store([this](StoreSession& store) { remark_on_mail(store); });
        conclude();
        return std::move(found_);
    }

  private:
    const judge::Sources& sources() const override { return *sources_; }
    const IpAddress& client() const override { return presented_.client; }
    IpAddress reached() const override;
    std::string_view helo() const override { return presented_.helo; }
    bool authenticated() const override { return false; }
    const smtp::Envelope& envelope() const override { return envelope_; }
    std::size_t recipients_refused() const override { return 0; }
    const std::string& recipient() const override { return recipient_; }
    void past_found(const policy::Past& past, std::span<const store::Operation> asked,
                    const store::Outcomes& outcomes) override;
    void stage_over(judge::Stage) override { loop().stop(); }

    template <class Use>
    void with_store(Use use) {
        if (!config_.remembers() || config_.state_dir.empty() || silent_) return;
        try {
            if (!store_) store_.emplace(config_, "");
            use(*store_);
        } catch (const StartError& error) {
            silent_ = true;
            found_.remarks.push_back(fmt::format("nothing is remembered: {}", error.what()));
        }
    }

    net::Loop& loop() { return store_ ? store_->loop() : loop_; }
    void note_health_check();
    void find_place();
    void note_act(StoreSession& store);
    void note_network();
    void open_case();
    void drive_case();
    void wait(bool over);
    void remark_on_dns();
    void note_shown();
    void remark_on_mail(StoreSession& store);
    void remark_on_greylist(StoreSession& store, const std::string& sender);
    void remark_on_recipient(StoreSession& store, const std::string& named);
    Noticed noticed(const policy::Signal& signal) const;
    std::string source_of(const policy::Signal& signal) const;
    void conclude();

    const Config& config_;
    const ConfigLines& lines_;
    const Presented& presented_;
    std::span<const judge::Check* const> checks_;
    net::Loop loop_;  // where there is no store
    std::optional<StoreSession> store_;
    bool silent_ = false;
    std::optional<net::Resolver> resolver_;
    std::optional<policy::Act> act_;
    const std::function<const policy::Act*(const IpAddress&)> act_on_ = [this](const IpAddress&) {
        return act_ ? &*act_ : nullptr;
    };
    const std::function<policy::Place(const IpAddress&)> place_of_ = [this](const IpAddress&) {
        return found_.place;
    };
    policy::ClientCounts unknown_recipients_{Seconds{1}, 1};  // a worker's counts are its own
    std::optional<judge::Sources> sources_;
    smtp::Envelope envelope_;
    std::string recipient_;
    std::vector<std::string_view> shown_;  // the signals that the operator has named
    Seconds block_age_{0};
    Explanation found_;
    judge::Case case_{*this};
};

IpAddress Asked::reached() const {
    std::vector<net::Endpoint> listened = config_.listen;
    listened.insert(listened.end(), config_.tls_listen.begin(), config_.tls_listen.end());
    return reached_address(presented_.client, presented_.helo, listened, net::own_addresses());
}

void Asked::note_health_check() {
    const auto contains = [this](const Network& network) { return network.contains(presented_.client); };
    if (std::ranges::any_of(config_.front.policy.health_networks, contains))
        found_.remarks.emplace_back(
            "a health check (policy.networks.health): greeted at once whatever is said below, and its MAIL "
            "is refused");
}

void Asked::find_place() {
    try {
        if (const auto registers = load_registers(config_)) found_.place = registers->find(presented_.client);
    } catch (const StartError& error) {
        found_.remarks.push_back(fmt::format("where it is from is not known: {}", error.what()));
    }
}

/// The longest prefix wins, as in Acts.
void Asked::note_act(StoreSession& store) {
    unsigned longest = 0;
    store.list(store::act_space, [&](const store::Outcome& outcome) {
        const auto read = read_act(outcome);
        if (!read || !read->first.contains(presented_.client)) return true;
        if (act_ && read->first.prefix() < longest) return true;
        longest = read->first.prefix();
        act_ = read->second;
        found_.word =
            Word{.lane = act_->lane,
                 .network = read->first.to_string(),
                 .source = fmt::format("act of {}{}{}", act_->who, act_->why.empty() ? "" : ": ", act_->why),
                 .age = outcome.age,
                 .left = outcome.left > Seconds{0} ? std::optional(outcome.left) : std::nullopt};
        return true;
    });
}

/// The operator's act on the running Sluice takes precedence over the configuration file.
void Asked::note_network() {
    const auto match = config_.front.policy.networks.find(presented_.client);
    if (!match || found_.word) return;
    found_.word = Word{.lane = match->lane,
                       .network = std::string(match->text),
                       .source = lines_.of_network(match->lane, match->text)};
}

void Asked::open_case() {
    if (config_.needs_resolver()) resolver_.emplace(loop(), config_.resolver);
    sources_.emplace(judge::Sources{.loop = loop(),
                                    .options = config_.front.policy,
                                    .our_name = config_.front.server.hostname,
                                    .resolver = resolver_ ? &*resolver_ : nullptr,
                                    .state = store_ && !silent_ ? &store_->state() : nullptr,
                                    .arrival = store::Arrival::looks,
                                    .act_on = act_on_,
                                    .place_of = place_of_,
                                    .unknown_recipients = unknown_recipients_,
                                    .metrics = unread_metrics(),
                                    .checks = checks_});
}

/// Tells the case of each stage that the client has reached.
void Asked::drive_case() {
    using judge::Stage;
    wait(case_.reach(Stage::connect));
    remark_on_dns();
    wait(case_.reach(Stage::greeting));
    if (!presented_.helo.empty()) wait(case_.reach(Stage::helo));
    // Recipients without a sender are not those of a bounce.
    envelope_.sender = presented_.sender.value_or("somebody");
    if (presented_.sender) wait(case_.reach(Stage::mail));
    for (const std::string& recipient : presented_.recipients) {
        recipient_ = recipient;
        wait(case_.reach(Stage::rcpt));
        envelope_.recipients.push_back({recipient, ""});
    }
    wait(case_.settle());
    note_shown();
}

void Asked::wait(bool over) {
    if (!over) loop().run();
}

void Asked::past_found(const policy::Past& past, std::span<const store::Operation> asked,
                       const store::Outcomes& outcomes) {
    block_age_ = past.block_age;
    for (std::size_t i = 0; i < std::min(asked.size(), outcomes.size()); ++i) {
        if (asked[i].verb != store::Verb::weigh || !outcomes[i].found) continue;
        found_.evidence.push_back({.whose = asked[i].key.substr(store::reputation_space.size()),
                                   .evidence = {.good = outcomes[i].good, .bad = outcomes[i].bad},
                                   .age = outcomes[i].age});
    }
}

/// Says why the checks that ask DNS were not wanted.
void Asked::remark_on_dns() {
    const policy::Thresholds& thresholds = config_.front.policy.thresholds;
    int remembered = 0;
    for (const policy::Signal& signal : case_.signals())
        if (signal.source == policy::Source::store && signal.counted) remembered += signal.weight;
    if (case_.decided())
        found_.remarks.emplace_back("DNS is not asked about a network that has a lane");
    else if (thresholds.fast > 0 && remembered <= -thresholds.fast)
        found_.remarks.emplace_back("DNS is not asked about who is known to be good");
}

/// Adds signals that show only within a session: the operator has named them.
void Asked::note_shown() {
    for (const policy::SignalId id : presented_.shown) {
        const std::string_view name = policy::row_of(id).name;
        const auto known = [name](const policy::Signal& signal) { return signal.name == name; };
        if (!config_.front.policy.signals.on(id)) {
            found_.remarks.push_back(fmt::format("{} is not looked for: its weight is 0", name));
        } else if (std::ranges::none_of(case_.signals(), known)) {
            case_.notice(id);
            shown_.push_back(name);
        }
    }
}

void Asked::remark_on_mail(StoreSession& store) {
    if (presented_.sender) remark_on_greylist(store, *presented_.sender);
    for (const std::string& recipient : presented_.recipients)
        remark_on_recipient(store, recipient);
}

void Asked::remark_on_greylist(StoreSession& store, const std::string& sender) {
    const policy::GreylistOptions& options = config_.front.policy.greylist;
    const std::string first = presented_.recipients.empty() ? "" : presented_.recipients.front();
    const policy::GreylistName name =
        policy::greylist_name(presented_.client, case_.name().confirmed(), sender, first);
    const policy::GreylistFacts facts =
        store::read_greylist(store.ask(store::greylist_question(options, name)));
    const policy::GreylistAnswer answer = policy::greylist(facts, options);
    const std::string who = fmt::format("greylist: {} with {}{}", name.origin,
                                        name.domain.empty() ? "bounces" : "mail from ", name.domain);
    if (answer.what == policy::GreylistAnswer::What::pass)
        found_.remarks.push_back(who + " passes");
    else
        found_.remarks.push_back(
            fmt::format("{}, where it is asked, waits {}", who, duration_text(answer.wait)));
}

void Asked::remark_on_recipient(StoreSession& store, const std::string& named) {
    std::string recipient;
    relay::write_recipient_key(named, recipient);
    const store::Outcome outcome =
        store.ask({.verb = store::Verb::get, .key = std::string(store::recipient_space) + recipient});
    found_.remarks.push_back(outcome.found ? fmt::format("recipient {}: the MTA said {}, {} ago", recipient,
                                                         relay::describe_shared(outcome.value),
                                                         duration_text(outcome.age))
                                           : fmt::format("recipient {}: is not remembered", recipient));
}

Noticed Asked::noticed(const policy::Signal& signal) const {
    std::optional<Seconds> age;
    if (signal.name == "blocklist") age = block_age_;
    if (signal.name == "reputation" && !found_.evidence.empty())
        age = std::ranges::max(found_.evidence, {}, &Remembered::age).age;
    return {.signal = signal, .source = source_of(signal), .age = age};
}

std::string Asked::source_of(const policy::Signal& signal) const {
    if (std::ranges::find(shown_, signal.name) != shown_.end()) return "as if";
    switch (signal.source) {
        case policy::Source::store: return "store";
        case policy::Source::dns:
            if (signal.name == "dnsbl" || signal.name == "dnswl")
                return fmt::format("dns, {}", lines_.of_dns_list(signal.what));
            return "dns";
        case policy::Source::known: break;
    }
    const auto row = policy::signal_named(signal.name);
    return row ? std::string(policy::row_of(*row).stage) : "client";
}

void Asked::conclude() {
    found_.name = case_.name().confirmed();
    for (const policy::Signal& signal : case_.signals())
        found_.signals.push_back(noticed(signal));
    found_.verdict = case_.verdict();
    if (config_.front.policy.mode == policy::Mode::observe)
        found_.remarks.emplace_back("policy.mode is \"observe\": every client is treated as fast");
}

}  // namespace

Explanation explain_client(const Config& config, const ConfigLines& lines, const Presented& presented,
                           std::span<const judge::Check* const> checks) {
    return Asked(config, lines, presented, checks).run();
}

}  // namespace sluice::app
