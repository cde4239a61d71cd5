#include "judge/case.hpp"

#include <algorithm>
#include <utility>

#include "judge/inquiry.hpp"

namespace sluice::judge {

Case::Dossier::~Dossier() {
    while (open)  // one by one: a long list would recurse
        open = std::move(open->next_);
}

Case::~Case() = default;

Case::Dossier& Case::dossier() {
    if (!dossier_) dossier_ = std::make_unique<Dossier>();
    return *dossier_;
}

bool Case::reach(Stage stage) {
    stage_ = stage;
    next_source_ = 0;
    return go_on();
}

bool Case::settle() {
    stage_ = Stage::message;
    next_source_ = policy::sources;
    return go_on();
}

/// Asks one source after the other, until an answer is to be waited for.
bool Case::go_on() {
    while (!waits() && next_source_ < policy::sources)
        begin(static_cast<policy::Source>(next_source_++));
    waiting_ = waits();
    return !waiting_;
}

/// Begins the checks of this stage that ask `source`. Their questions to DNS have one deadline. The store
/// answers in time by itself (store/state.hpp).
void Case::begin(policy::Source source) {
    const Sources& all = sources();
    for (const Check* check : all.checks) {
        if (check->stage != stage_ || check->source != source || !check->wanted(*this)) continue;
        auto inquiry = check->begin(*this, *check);
        if (!inquiry) continue;
        if (source == policy::Source::dns) all.loop.arm(*inquiry, all.options.dns_deadline);
        auto& open = dossier().open;
        inquiry->next_ = std::move(open);
        open = std::move(inquiry);
    }
}

bool Case::waits() const {
    if (!dossier_) return false;
    for (const Inquiry* open = dossier_->open.get(); open != nullptr; open = open->next_.get())
        if (open->check().awaited <= stage_) return true;
    return false;
}

/// Takes the inquiry at `link` out of the list.
std::unique_ptr<Inquiry> Case::take(std::unique_ptr<Inquiry>& link) {
    auto taken = std::move(link);
    link = std::move(taken->next_);
    return taken;
}

void Case::answered(Inquiry& inquiry) {
    auto* link = &dossier_->open;
    while (link->get() != &inquiry)
        link = &(*link)->next_;
    take(*link).reset();
    if (waiting_ && go_on()) party_.stage_over(stage_);  // may destroy us
}

void Case::drop(policy::SignalScope scope) {
    facts_.greylist = Greylist::unknown;  // the transaction is the narrowest scope
    if (!dossier_) return;
    const auto ends = [scope](const policy::Signal& signal) { return signal.scope >= scope; };
    if (std::erase_if(dossier_->signals, ends) != 0) changed_ = true;
    for (auto* link = &dossier_->open; *link;) {
        if ((*link)->check().scope >= scope)
            take(*link).reset();
        else
            link = &(*link)->next_;
    }
}

void Case::withdraw() {
    waiting_ = false;
    while (dossier_ && dossier_->open)
        take(dossier_->open).reset();
}

void Case::note(policy::Signal signal) {
    changed_ = changed_ || signal.weight != 0;
    dossier().signals.push_back(std::move(signal));
}

void Case::notice(policy::SignalId id, std::string value) {
    const auto& options = sources().options.signals;
    if (options.on(id)) note_once(options.signal(id, std::move(value)));
}

void Case::notice(const Check& by, policy::SignalId id, std::string value) {
    const auto& options = sources().options.signals;
    if (!options.on(id)) return;
    policy::Signal signal = options.signal(id, std::move(value));
    signal.scope = by.scope;
    signal.source = by.source;
    note_once(std::move(signal));
}

void Case::note_once(policy::Signal signal) {
    auto& known = dossier().signals;
    const auto same = std::ranges::find(known, signal.name, &policy::Signal::name);
    if (same == known.end()) return note(std::move(signal));
    same->value = std::move(signal.value);
}

std::span<const policy::Signal> Case::signals() const {
    return dossier_ ? std::span<const policy::Signal>(dossier_->signals) : std::span<const policy::Signal>();
}

const policy::ClientName& Case::name() const {
    static const policy::ClientName none;
    return dossier_ ? dossier_->name : none;
}

/// The operator's decision is looked up at each use, because it costs less to look up than to keep.
std::optional<policy::Lane> Case::decided() const {
    const Sources& all = sources();
    if (const policy::Act* act = all.act_on(party_.client())) return act->lane;
    if (const auto match = all.options.networks.find(party_.client())) return match->lane;
    return std::nullopt;
}

std::optional<policy::Signal> Case::decision() const {
    const Sources& all = sources();
    if (const policy::Act* act = all.act_on(party_.client()))
        return policy::Signal{.name = "act", .what = "", .value = policy::to_text(*act)};
    if (const auto match = all.options.networks.find(party_.client()))
        return policy::Signal{.name = "network", .what = match->text, .value = {}};
    return std::nullopt;
}

bool Case::is_trusted() const {
    if (decided()) return true;
    const auto& thresholds = sources().options.thresholds;
    return thresholds.fast > 0 && verdict_where(std::nullopt).score <= -thresholds.fast;
}

bool Case::is_known() const {
    return facts_.welcome || is_trusted() || policy::is_this_host(party_.client());
}

policy::Verdict Case::verdict() const {
    return verdict_where(decided());
}

policy::Verdict Case::verdict_where(std::optional<policy::Lane> decided) const {
    const auto& options = sources().options;
    return policy::judge(decided, signals(), options.thresholds, options.default_lane);
}

void Inquiry::note(policy::Signal signal) {
    signal.scope = check_.scope;
    signal.source = check_.source;
    case_.note(std::move(signal));
}

void Inquiry::notice(policy::SignalId id, std::string value) {
    case_.notice(check_, id, std::move(value));
}

void Inquiry::done() {
    disarm();
    case_.answered(*this);
}

}  // namespace sluice::judge
