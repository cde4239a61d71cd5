#include "store/shared_acts.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <utility>
#include <vector>

#include "store/act_stamp.hpp"
#include "store/keys.hpp"

namespace sluice::store {

namespace {

/// The mark of a forgotten act lasts as long as the act would have: a machine that is switched off may still
/// have the act. This is the time for an act without an end.
constexpr Seconds forgotten_for_ever{366LL * 86'400};
/// The time of a mark when no act is known: another machine may have received one a moment ago.
constexpr Seconds forgotten_unknown{60};
/// An act with less time left is not put back: each side counts its seconds separately, and together they
/// would keep it alive.
constexpr Seconds worth_putting_back{5};
constexpr Seconds ends_now{1};

bool is_act(std::string_view key) {
    return key.starts_with(act_space);
}

bool is_forgotten(std::string_view stored) {
    return read_act_stamp(stored).text == forgotten_act;
}

void hide_stamps(Outcomes& outcomes) {
    for (Outcome& outcome : outcomes)
        if (is_act(outcome.key)) outcome.value = read_act_stamp(outcome.value).text;
}

}  // namespace

/// The answers to a batch that contains acts, and possibly other operations.
struct SharedActs::Answers {
    Outcomes outcomes;                               // those for acts are filled in already
    std::vector<std::optional<std::size_t>> places;  // where the shared outcomes go; nothing = an act's

    Outcomes complete(Outcomes shared) {
        for (std::size_t i = 0; i < places.size() && i < shared.size(); ++i)
            if (places[i]) outcomes[*places[i]] = std::move(shared[i]);
        return std::move(outcomes);
    }
};

SharedActs::SharedActs(net::Loop& loop, const Options& options, std::unique_ptr<LocalBacking> kept,
                       std::unique_ptr<Backing> shared, LocalBacking::Clock clock, Told told,
                       std::function<void()> changed)
    : loop_(loop),
      options_(options),
      clock_(std::move(clock)),
      told_(std::move(told)),
      changed_(std::move(changed)),
      kept_(std::move(kept)),
      shared_(std::move(shared)) {
    loop_.arm(*this, Millis{0});
}

void SharedActs::perform(Operations batch, Done done) {
    if (batch.size() == 1 && batch.front().verb == Verb::list) {
        if (is_act(batch.front().key)) return done(list(std::move(batch.front())));
        return shared_->perform(std::move(batch),
                                [done = std::move(done)](std::optional<Outcomes> outcomes) mutable {
                                    if (outcomes) hide_stamps(*outcomes);
                                    done(std::move(outcomes));
                                });
    }
    if (std::ranges::none_of(batch, is_act, &Operation::key))
        return shared_->perform(std::move(batch), std::move(done));

    Answers answers{.outcomes = Outcomes(batch.size()), .places = {}};
    Operations to_share;
    for (std::size_t i = 0; i < batch.size(); ++i) {
        if (!is_act(batch[i].key)) {
            answers.places.emplace_back(i);
            to_share.push_back(std::move(batch[i]));
            continue;
        }
        // An act is answered from this machine's disk. A change to it also goes to Redis, but its outcome
        // there is not needed, so it gets no place.
        answers.outcomes[i] = only_looks(batch[i]) ? look(batch[i].key) : say(batch[i], to_share);
        answers.places.resize(to_share.size());
    }
    if (to_share.empty()) return done(std::move(answers.outcomes));
    shared_->perform(std::move(to_share), [this, answers = std::move(answers),
                                           done = std::move(done)](std::optional<Outcomes> shared) mutable {
        if (shared) return done(answers.complete(*std::move(shared)));
        // Redis failed, but the act is in force here: it has to be on disk before the caller learns of the
        // failure.
        kept_->settle([done = std::move(done)](std::string_view) mutable { done(std::nullopt); });
    });
}

void SharedActs::settle(Settled done) {
    kept_->settle([this, done = std::move(done)](std::string_view why) mutable {
        if (!why.empty()) return done(why);
        shared_->settle(std::move(done));
    });
}

// ---- What this machine keeps -----------------------------------------------------------------------------

/// The disk backing answers at once: its changes are in memory until they are on disk.
Outcomes SharedActs::ask_kept(Operation operation) {
    Outcomes outcomes;
    kept_->perform({std::move(operation)},
                   [&outcomes](std::optional<Outcomes> answer) { outcomes = *std::move(answer); });
    return outcomes;
}

Outcome SharedActs::look(const std::string& key) {
    Outcome kept = ask_kept({.verb = Verb::get, .key = key}).front();
    if (kept.found && is_forgotten(kept.value)) return {};
    kept.value = read_act_stamp(kept.value).text;
    return kept;
}

/// Lists the acts without the marks of forgotten ones. A page is full as long as there are enough acts: the
/// caller takes a shorter page for the last.
Outcomes SharedActs::list(Operation operation) {
    const auto amount = static_cast<std::size_t>(std::clamp(operation.amount, 0, listed_max));
    Outcomes listed;
    while (listed.size() < amount) {
        Outcomes page = ask_kept(operation);
        const bool more = page.size() == amount;
        if (more) operation.value = page.back().key;
        for (Outcome& outcome : page)
            if (listed.size() < amount && !is_forgotten(outcome.value)) listed.push_back(std::move(outcome));
        if (!more) break;
    }
    hide_stamps(listed);
    return listed;
}

SharedActs::Records SharedActs::everything_kept() {
    Records kept;
    Operation list{.verb = Verb::list, .key = std::string(act_space), .amount = listed_max};
    while (true) {
        const Outcomes page = ask_kept(list);
        for (const Outcome& outcome : page)
            kept.emplace(outcome.key, outcome);
        if (page.size() < static_cast<std::size_t>(listed_max)) return kept;
        list.value = page.back().key;
    }
}

/// The operator's word on this machine. It counts as newer than whatever is known of that network, even when
/// a clock is wrong.
Outcome SharedActs::say(const Operation& operation, Operations& to_share) {
    const Outcome before = ask_kept({.verb = Verb::get, .key = operation.key}).front();
    const Outcome known = look(operation.key);
    const bool is_put = operation.verb == Verb::put || (operation.verb == Verb::add && !known.found);
    if (!is_put && operation.verb != Verb::erase) return known;

    // A put lasts as asked. The mark of a forget lasts until the act would have ended on every machine.
    // Before the first read from Redis there may be acts of any length that this machine does not know.
    Operation put{.verb = Verb::put, .key = operation.key};
    if (is_put) {
        put.term = operation.term;
    } else if (!known.found && has_read_) {
        put.term = forgotten_unknown;
    } else {
        put.term = known.left > Seconds{0} ? known.left : forgotten_for_ever;
    }
    // A mark that exists already keeps at least the time that it was given then.
    if (!is_put && before.found && !known.found) put.term = std::max(put.term, before.left);
    // The stamp exceeds the last one even if the clock went back: the later word must win everywhere.
    const WallMillis now = std::max(clock_(), read_act_stamp(before.value).said + 1);
    put.value = stamp_act(is_put ? read_act_stamp(operation.value).text : forgotten_act, now);
    ask_kept(put);
    to_share.push_back(std::move(put));
    Outcome outcome = known;
    if (is_put) outcome = {.found = known.found};
    return outcome;
}

// ---- This machine's acts and Redis' ----------------------------------------------------------------------

void SharedActs::on_timer() {
    loop_.arm(*this, options_.sync_every);
    if (std::exchange(reading_, true)) return;
    found_.clear();
    read_shared(std::string(act_space));
}

/// Reads all acts in Redis, one page after the other.
void SharedActs::read_shared(const std::string& after) {
    Operation list{.verb = Verb::list, .key = std::string(act_space), .value = after};
    list.amount = listed_max;
    shared_->perform({std::move(list)}, [this](std::optional<Outcomes> outcomes) {
        if (!outcomes) return could_not_read();
        std::string last;
        if (outcomes->size() >= static_cast<std::size_t>(listed_max)) last = outcomes->back().key;
        for (Outcome& outcome : *outcomes)
            found_.insert_or_assign(outcome.key, std::move(outcome));
        if (!last.empty()) return read_shared(last);
        reading_ = false;
        agree();
    });
}

/// Reports the failure only before the first successful read: afterwards store_down says enough, because this
/// machine has all acts.
void SharedActs::could_not_read() {
    reading_ = false;
    if (has_read_ || std::exchange(told_not_read_, true)) return;
    const auto acts = std::ranges::count_if(
        everything_kept(), [](const auto& kept) { return !is_forgotten(kept.second.value); });
    told_("acts_not_read",
          fmt::format("Redis cannot be asked what operators have said; this machine goes by the "
                      "{} acts that it keeps, and asks again every {} ms",
                      acts, options_.sync_every.count()));
}

void SharedActs::agree() {
    has_read_ = true;
    if (std::exchange(told_not_read_, false)) told_("acts_read", "Redis answers");
    const Records kept = everything_kept();
    bool changed = false;
    Operations missing;
    const auto put_there = [&](Verb verb, const std::string& key, const Outcome& ours) {
        if (ours.left == Seconds{0} || ours.left > worth_putting_back)
            missing.push_back({.verb = verb, .key = key, .value = ours.value, .term = ours.left});
    };
    for (const auto& [key, theirs] : found_) {
        const auto ours = kept.find(key);
        // The act is about to end there, and has ended here already; clocks are not that exact.
        if (ours == kept.end() && theirs.left > Seconds{0} && theirs.left <= ends_now) continue;
        // A stamp decides between two that differ; what only one side has, the other takes.
        const Newer newer = ours == kept.end() ? Newer::theirs : compare(ours->second, theirs);
        if (newer == Newer::ours) put_there(Verb::put, key, ours->second);
        if (newer != Newer::theirs) continue;
        take(key, theirs);
        changed = true;
    }
    for (const auto& [key, ours] : kept)
        if (!found_.contains(key)) put_there(Verb::add, key, ours);
    found_.clear();
    if (changed) changed_();
    if (!missing.empty()) put_back(std::move(missing));
}

void SharedActs::take(const std::string& key, const Outcome& theirs) {
    const std::string text = read_act_stamp(theirs.value).text;
    ask_kept({.verb = Verb::put, .key = key, .value = stamp_act(text, said(theirs)), .term = theirs.left});
}

/// Puts acts back into Redis. Those that do not arrive there are put back at the next synchronisation.
void SharedActs::put_back(Operations operations) {
    while (!operations.empty()) {
        const auto some = static_cast<std::ptrdiff_t>(std::min(operations.size(), operations_max));
        Operations batch(operations.begin(), operations.begin() + some);
        operations.erase(operations.begin(), operations.begin() + some);
        std::vector<Verb> asked;
        for (const Operation& operation : batch)
            asked.push_back(operation.verb);
        shared_->perform(std::move(batch), [this,
                                            asked = std::move(asked)](const std::optional<Outcomes>& done) {
            if (!done) return;
            std::size_t missing = 0;
            for (std::size_t i = 0; i < asked.size() && i < done->size(); ++i)
                // An add that found a record restored nothing.
                if (asked[i] == Verb::put || !(*done)[i].found) ++missing;
            if (missing == 0) return;  // our own act arrived first, or another machine put one there
            told_("acts_put_back",
                  fmt::format("Redis had lost {}, or had older ones; this machine had kept them", missing));
        });
    }
}

/// A record without a stamp comes from a version of Sluice that writes none: its age tells when it was said.
WallMillis SharedActs::said(const Outcome& outcome) const {
    const WallMillis stamp = read_act_stamp(outcome.value).said;
    return stamp != 0 ? stamp : clock_() - std::chrono::duration_cast<Millis>(outcome.age).count();
}

SharedActs::Newer SharedActs::compare(const Outcome& ours, const Outcome& theirs) const {
    if (ours.value == theirs.value) return Newer::same;
    const StampedAct our_act = read_act_stamp(ours.value), their_act = read_act_stamp(theirs.value);
    // A version without stamps has stored the same act: nothing to agree on.
    if (their_act.said == 0 && their_act.text == our_act.text) return Newer::same;
    // All machines must choose the same of two acts from one millisecond: the one in Redis.
    return said(theirs) >= our_act.said ? Newer::theirs : Newer::ours;
}

}  // namespace sluice::store
