#include "app/inspect/explain.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <memory>

#include "app/generation/registers.hpp"
#include "app/inspect/reached_address.hpp"
#include "app/inspect/store_session.hpp"
#include "app/process/duration.hpp"
#include "app/process/start_error.hpp"
#include "app/worker/acts.hpp"
#include "base/ascii.hpp"
#include "front/admission.hpp"
#include "front/helo_inquiry.hpp"
#include "net/own_addresses.hpp"
#include "net/resolver.hpp"
#include "policy/client_name.hpp"
#include "policy/greylist.hpp"
#include "policy/helo.hpp"
#include "policy/past.hpp"
#include "relay/recipient_cache.hpp"
#include "relay/shared_answer.hpp"
#include "store/greylist_operations.hpp"
#include "store/keys.hpp"
#include "store/past_operations.hpp"

namespace sluice::app {

namespace {

class Gathering {
  public:
    Gathering(const Config& config, const ConfigLines& lines, const Presented& presented)
        : config_(config), lines_(lines), presented_(presented) {}

    /// Gathers everything in the order in which a session does.
    Explanation run() {
        note_health_check();
        find_place();
        with_memory([this](StoreSession& memory) { note_past(memory); });
        note_network();
        ask_dns();
        judge_hello();
        judge_recipients();
        note_shown();
        with_memory([this](StoreSession& memory) { remark_on_mail(memory); });
        judge();
        return std::move(found_);
    }

  private:
    template <class Use>
    void with_memory(Use use) {
        if (!config_.remembers() || config_.state_dir.empty() || silent_) return;
        try {
            if (!memory_) memory_.emplace(config_, "");
            use(*memory_);
        } catch (const StartError& error) {
            silent_ = true;
            found_.remarks.push_back(fmt::format("nothing is remembered: {}", error.what()));
        }
    }

    void note_health_check();
    void find_place();
    void note_past(StoreSession& memory);
    void note_act(StoreSession& memory);
    void note_network();
    void ask_dns();
    void judge_hello();
    void ask_about_hello();
    void judge_recipients();
    void note_shown();
    void notice(policy::SignalId id, std::string value, std::string_view source);
    net::Resolver* resolver();
    void remark_on_mail(StoreSession& memory);
    void remark_on_greylist(StoreSession& memory, const std::string& sender);
    void remark_on_recipient(StoreSession& memory, const std::string& named);
    policy::Verdict verdict() const;
    void judge();

    const Config& config_;
    const ConfigLines& lines_;
    const Presented& presented_;
    net::Loop loop_;
    std::optional<net::Resolver> resolver_;
    std::optional<StoreSession> memory_;
    bool silent_ = false;
    Explanation found_;
};

/// The longest prefix wins, as in Acts.
void Gathering::note_act(StoreSession& memory) {
    unsigned longest = 0;
    memory.list(store::act_space, [&](const store::Outcome& outcome) {
        const auto read = read_act(outcome);
        if (!read || !read->first.contains(presented_.client)) return true;
        if (found_.word && read->first.prefix() < longest) return true;
        longest = read->first.prefix();
        const policy::Act& act = read->second;
        found_.word =
            Word{.lane = act.lane,
                 .network = read->first.to_string(),
                 .source = fmt::format("act of {}{}{}", act.who, act.why.empty() ? "" : ": ", act.why),
                 .age = outcome.age,
                 .left = outcome.left > Seconds{0} ? std::optional(outcome.left) : std::nullopt};
        return true;
    });
}

void Gathering::note_health_check() {
    const auto contains = [this](const Network& network) { return network.contains(presented_.client); };
    if (std::ranges::any_of(config_.front.policy.health_networks, contains))
        found_.remarks.emplace_back(
            "a health check (policy.networks.health): greeted at once whatever is said below, and its MAIL "
            "is "
            "refused");
}

void Gathering::find_place() {
    try {
        if (const auto registers = load_registers(config_)) found_.place = registers->find(presented_.client);
    } catch (const StartError& error) {
        found_.remarks.push_back(fmt::format("where it is from is not known: {}", error.what()));
    }
}

void Gathering::note_past(StoreSession& memory) {
    note_act(memory);
    const policy::PastOptions& options = config_.front.policy.past;
    const store::Operations asked =
        store::past_of(presented_.client, found_.place, options, store::Arrival::looks);
    const store::Outcomes outcomes = memory.ask(asked);
    policy::Past past = store::read_past(outcomes, found_.place, options);
    Seconds oldest{0};
    for (std::size_t i = 0; i < asked.size(); ++i) {
        if (asked[i].verb != store::Verb::weigh || !outcomes[i].found) continue;
        oldest = std::max(oldest, outcomes[i].age);
        found_.evidence.push_back({.whose = asked[i].key.substr(store::reputation_space.size()),
                                   .evidence = {.good = outcomes[i].good, .bad = outcomes[i].bad},
                                   .age = outcomes[i].age});
    }
    // The client's own new connection would count, too.
    for (std::size_t scope = 0; scope < policy::scopes; ++scope) {
        ++past.at_once[scope];
        ++past.in_window[scope][static_cast<std::size_t>(policy::Rate::connections)];
    }
    for (policy::Signal& signal : policy::signals_of(past, options, config_.front.policy.signals)) {
        std::optional<Seconds> age;
        if (signal.name == "blocklist") age = past.block_age;
        if (signal.name == "reputation") age = oldest;
        found_.signals.push_back({.signal = std::move(signal), .source = "store", .age = age});
    }
}

/// The operator's act on the running Sluice takes precedence over the configuration file.
void Gathering::note_network() {
    const auto match = config_.front.policy.networks.find(presented_.client);
    if (!match || found_.word) return;
    found_.word = Word{.lane = match->lane,
                       .network = std::string(match->text),
                       .source = lines_.of_network(match->lane, match->text)};
}

/// Null when workers have no resolver.
net::Resolver* Gathering::resolver() {
    if (!config_.needs_resolver()) return nullptr;
    if (!resolver_) resolver_.emplace(loop_, config_.resolver);
    return &*resolver_;
}

void Gathering::ask_dns() {
    const front::PolicyOptions& policy = config_.front.policy;
    // As in a session, DNS is not asked about a client on our own list or one known to be good.
    const int good = policy.thresholds.fast;
    const bool trusted = good > 0 && verdict().score <= -good;
    const bool judged = !found_.word && !trusted;
    if (found_.word) found_.remarks.emplace_back("DNS is not asked about a network that has a lane");
    if (!found_.word && trusted)
        found_.remarks.emplace_back("DNS is not asked about who is known to be good");
    if (!front::Admission::needed(policy, resolver(), judged, presented_.client)) return;
    front::Admission::Findings findings;
    const front::Admission admission(loop_, *resolver(), policy, unread_metrics(), judged, presented_.client,
                                     [&](front::Admission::Findings& answered) {
                                         findings = std::move(answered);
                                         loop_.stop();
                                     });
    loop_.run();
    found_.name = findings.name.confirmed();
    for (policy::Signal& signal : findings.signals) {
        const bool is_list = signal.name == "dnsbl" || signal.name == "dnswl";
        std::string source = is_list ? fmt::format("dns, {}", lines_.of_dns_list(signal.what)) : "dns";
        found_.signals.push_back({.signal = std::move(signal), .source = std::move(source)});
    }
}

/// Adds a signal. A signal that is there already only gets the new value.
void Gathering::notice(policy::SignalId id, std::string value, std::string_view source) {
    const policy::SignalOptions& signals = config_.front.policy.signals;
    if (!signals.on(id)) return;
    const auto same = std::ranges::find(found_.signals, policy::row_of(id).name,
                                        [](const Noticed& noticed) { return noticed.signal.name; });
    if (same != found_.signals.end())
        same->signal.value = std::move(value);
    else
        found_.signals.push_back(
            {.signal = signals.signal(id, std::move(value)), .source = std::string(source)});
}

void Gathering::judge_hello() {
    if (presented_.helo.empty()) return;
    std::vector<net::Endpoint> listened = config_.listen;
    listened.insert(listened.end(), config_.tls_listen.begin(), config_.tls_listen.end());
    const policy::HeloFacts facts{
        .client = presented_.client,
        .our_name = config_.front.server.hostname,
        .our_address = reached_address(presented_.client, presented_.helo, listened, net::own_addresses())};
    if (const auto sign = policy::judge_helo(presented_.helo, facts))
        notice(*sign, presented_.helo, "helo");
    else
        ask_about_hello();
}

void Gathering::ask_about_hello() {
    const front::PolicyOptions& policy = config_.front.policy;
    if (resolver() == nullptr || !policy.signals.on(policy::SignalId::helo_unresolvable) || found_.word ||
        policy::is_this_host(presented_.client) || !policy::is_full_name(presented_.helo))
        return;
    auto status = net::DnsAnswer::Status::servfail;
    const front::HeloInquiry inquiry(loop_, *resolver(), unread_metrics(), policy.dns_deadline,
                                     presented_.helo, [&](net::DnsAnswer::Status answered) {
                                         status = answered;
                                         loop_.stop();
                                     });
    loop_.run();
    if (status == net::DnsAnswer::Status::absent)
        notice(policy::SignalId::helo_unresolvable, presented_.helo, "dns");
    else if (front::unknown(status))
        found_.signals.push_back({.signal = front::dns_error("helo", status), .source = "dns"});
}

/// Judges the recipients as one transaction that names them in this order.
void Gathering::judge_recipients() {
    const front::PolicyOptions& policy = config_.front.policy;
    std::size_t named = 0;
    for (const std::string& recipient : presented_.recipients) {
        if (policy.trap_recipients.contains(recipient))
            notice(policy::SignalId::trap_recipient, recipient, "rcpt");
        const bool bounce = presented_.sender && presented_.sender->empty();
        if (bounce && ++named >= policy.null_sender_recipients)
            notice(policy::SignalId::null_sender_fanout, std::to_string(named), "sender, rcpt");
    }
}

/// Adds signals that show only within a session: the operator has named them.
void Gathering::note_shown() {
    for (const policy::SignalId id : presented_.shown) {
        const std::string_view name = policy::row_of(id).name;
        const auto known = [name](const Noticed& noticed) { return noticed.signal.name == name; };
        if (!config_.front.policy.signals.on(id))
            found_.remarks.push_back(fmt::format("{} is not looked for: its weight is 0", name));
        else if (std::ranges::none_of(found_.signals, known))
            notice(id, {}, "as if");
    }
}

void Gathering::remark_on_mail(StoreSession& memory) {
    if (presented_.sender) remark_on_greylist(memory, *presented_.sender);
    for (const std::string& recipient : presented_.recipients)
        remark_on_recipient(memory, recipient);
}

void Gathering::remark_on_greylist(StoreSession& memory, const std::string& sender) {
    const policy::GreylistOptions& options = config_.front.policy.greylist;
    const std::string first = presented_.recipients.empty() ? "" : presented_.recipients.front();
    const policy::GreylistName name = policy::greylist_name(presented_.client, found_.name, sender, first);
    const policy::GreylistFacts facts =
        store::read_greylist(memory.ask(store::greylist_question(options, name)));
    const policy::GreylistAnswer answer = policy::greylist(facts, options);
    const std::string who = fmt::format("greylist: {} with {}{}", name.origin,
                                        name.domain.empty() ? "bounces" : "mail from ", name.domain);
    if (answer.what == policy::GreylistAnswer::What::pass)
        found_.remarks.push_back(who + " passes");
    else
        found_.remarks.push_back(
            fmt::format("{}, where it is asked, waits {}", who, duration_text(answer.wait)));
}

void Gathering::remark_on_recipient(StoreSession& memory, const std::string& named) {
    std::string recipient;
    relay::write_recipient_key(named, recipient);
    const store::Outcome outcome =
        memory.ask({.verb = store::Verb::get, .key = std::string(store::recipient_space) + recipient});
    found_.remarks.push_back(outcome.found ? fmt::format("recipient {}: the MTA said {}, {} ago", recipient,
                                                         relay::describe_shared(outcome.value),
                                                         duration_text(outcome.age))
                                           : fmt::format("recipient {}: is not remembered", recipient));
}

/// The verdict on all that has been found so far.
policy::Verdict Gathering::verdict() const {
    std::vector<policy::Signal> signals;
    std::ranges::transform(found_.signals, std::back_inserter(signals), &Noticed::signal);
    const front::PolicyOptions& policy = config_.front.policy;
    return policy::judge(found_.word ? std::optional(found_.word->lane) : std::nullopt, signals,
                         policy.thresholds, policy.default_lane);
}

void Gathering::judge() {
    found_.verdict = verdict();
    if (config_.front.policy.mode == policy::Mode::observe)
        found_.remarks.emplace_back("policy.mode is \"observe\": every client is treated as fast");
}

}  // namespace

Explanation explain_client(const Config& config, const ConfigLines& lines, const Presented& presented) {
    return Gathering(config, lines, presented).run();
}

}  // namespace sluice::app
