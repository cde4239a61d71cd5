#include "store/record.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "store/octets.hpp"

namespace sluice::store {

namespace {

constexpr WallMillis second = 1000;

/// Evidence that has decayed to a thousandth is forgotten.
constexpr int half_lives_kept = 10;

WallMillis millis(Seconds seconds) {
    return seconds.count() * second;
}

WallMillis since(WallMillis then, WallMillis now) {
    return std::max<WallMillis>(now - then, 0);
}

Evidence decayed(Evidence evidence, WallMillis changed, WallMillis now) {
    const double half_life = static_cast<double>(std::max<WallMillis>(millis(evidence.half_life), 1));
    const double factor = std::exp2(-static_cast<double>(since(changed, now)) / half_life);
    evidence.good *= factor;
    evidence.bad *= factor;
    return evidence;
}

Window moved_on(Window window, WallMillis now) {
    const WallMillis half = std::max<WallMillis>(millis(window.length) / 2, 1);
    const WallMillis halves = since(window.half_started, now) / half;
    if (halves == 0) return window;
    window.previous = halves == 1 ? window.current : Counts{};
    window.current = {};
    window.half_started += halves * half;
    return window;
}

std::uint32_t sum(std::uint32_t a, std::uint32_t b) {
    return a > std::numeric_limits<std::uint32_t>::max() - b ? std::numeric_limits<std::uint32_t>::max()
                                                             : a + b;
}

Counts sum(const Counts& a, const Counts& b) {
    Counts both;
    std::ranges::transform(a, b, both.begin(), [](auto x, auto y) { return sum(x, y); });
    return both;
}

void show_times(const Record& record, WallMillis now, Outcome& outcome) {
    outcome.age = Seconds{since(record.made, now) / second};
    // Rounded up: a record that still exists has some time left.
    if (record.expires != 0) outcome.left = Seconds{(record.expires - now + second - 1) / second};
}

void show(const Record& record, WallMillis now, Outcome& outcome) {
    show_times(record, now, outcome);
    if (const auto* value = std::get_if<Value>(&record.content)) {
        outcome.kind = Verb::put;
        outcome.value = value->text;
    } else if (const auto* evidence = std::get_if<Evidence>(&record.content)) {
        const Evidence today = decayed(*evidence, record.changed, now);
        outcome.kind = Verb::weigh;
        outcome.term = today.half_life;
        outcome.good = today.good;
        outcome.bad = today.bad;
    } else if (const auto* window = std::get_if<Window>(&record.content)) {
        const Window today = moved_on(*window, now);
        outcome.kind = Verb::count;
        outcome.term = today.length;
        outcome.counts = sum(today.current, today.previous);
    }
}

/// Returns the record with content of this kind; one of another kind is replaced.
template <class Content>
Record& of_kind(std::optional<Record>& record, WallMillis now) {
    if (!record || !std::holds_alternative<Content>(record->content))
        record = Record{.made = now, .changed = now, .expires = 0, .content = Content{}};
    return *record;
}

template <class Content>
bool is(const std::optional<Record>& record) {
    return record && std::holds_alternative<Content>(record->content);
}

void put(const Operation& operation, std::optional<Record>& record, WallMillis now) {
    record = Record{.made = now,
                    .changed = now,
                    .expires = operation.term > Seconds{0} ? now + millis(operation.term) : 0,
                    .content = Value{operation.value}};
}

void weigh(const Operation& operation, std::optional<Record>& record, WallMillis now) {
    Record& kept = of_kind<Evidence>(record, now);
    auto& evidence = std::get<Evidence>(kept.content);
    evidence.half_life = operation.term;
    evidence = decayed(evidence, kept.changed, now);
    evidence.good += operation.good;
    evidence.bad += operation.bad;
    kept.changed = std::max(kept.changed, now);
    kept.expires = kept.changed + half_lives_kept * std::max<WallMillis>(millis(operation.term), second);
}

void count(const Operation& operation, std::optional<Record>& record, WallMillis now) {
    const bool fresh = !is<Window>(record);
    Record& kept = of_kind<Window>(record, now);
    auto& window = std::get<Window>(kept.content);
    if (fresh) window.half_started = now;
    window.length = operation.term;
    window = moved_on(window, now);
    window.current = sum(window.current, operation.counts);
    kept.changed = std::max(kept.changed, now);
    kept.expires = kept.changed + std::max<WallMillis>(millis(operation.term), second);
}

}  // namespace

bool only_looks(const Operation& operation) {
    switch (operation.verb) {
        case Verb::get:
        case Verb::list: return true;
        case Verb::weigh: return operation.good == 0 && operation.bad == 0;
        case Verb::count: return operation.counts == Counts{};
        case Verb::hold: return operation.amount == 0;
        case Verb::put:
        case Verb::add:
        case Verb::erase: return false;
    }
    return false;
}

Outcome apply(const Operation& operation, std::optional<Record>& record, WallMillis now) {
    if (record && record->expired(now)) record.reset();
    Outcome outcome;
    switch (operation.verb) {
        case Verb::get: outcome.found = is<Value>(record); break;
        case Verb::put:
            outcome.found = is<Value>(record);
            put(operation, record, now);
            break;
        case Verb::add:
            outcome.found = is<Value>(record);
            if (!outcome.found) put(operation, record, now);
            break;
        case Verb::erase:
            outcome.found = record.has_value();
            record.reset();
            break;
        case Verb::weigh:
            outcome.found = is<Evidence>(record);
            if (!only_looks(operation)) weigh(operation, record, now);
            break;
        case Verb::count:
            outcome.found = is<Window>(record);
            if (!only_looks(operation)) count(operation, record, now);
            break;
        case Verb::hold:
        case Verb::list: return outcome;
    }
    if (record && (outcome.found || !only_looks(operation))) show(*record, now, outcome);
    return outcome;
}

Outcome describe(std::string_view key, const Record& record, WallMillis now) {
    Outcome outcome;
    outcome.found = true;
    outcome.key = key;
    show(record, now, outcome);
    return outcome;
}

double worth(const Record& record, WallMillis now) {
    if (record.expired(now)) return 0;
    constexpr double evidence_worth = 24;  // accepting one mail is worth as much as a value for a day
    if (const auto* evidence = std::get_if<Evidence>(&record.content)) {
        const Evidence today = decayed(*evidence, record.changed, now);
        return evidence_worth * (today.good + today.bad);
    }
    if (const auto* window = std::get_if<Window>(&record.content)) {
        const Window today = moved_on(*window, now);
        const Counts both = sum(today.current, today.previous);
        return std::accumulate(both.begin(), both.end(), 0.0);
    }
    constexpr double hour = 3600.0 * second;
    if (record.expires == 0) return std::numeric_limits<double>::max();
    return static_cast<double>(record.expires - record.made) / hour;
}

namespace {

enum class Kind : std::uint8_t { value = 'v', evidence = 'e', window = 'w' };

void put_counts(OctetWriter& out, const Counts& counts) {
    for (const std::uint32_t count : counts)
        out.put(count);
}

void take_counts(OctetReader& in, Counts& counts) {
    for (std::uint32_t& count : counts)
        in.take(count);
}

}  // namespace

std::string encode(const Record& record) {
    std::string octets;
    OctetWriter out(octets);
    const auto begin = [&](Kind kind) {
        out.put(kind);
        out.put(record.made);
        out.put(record.changed);
        out.put(record.expires);
    };
    if (const auto* value = std::get_if<Value>(&record.content)) {
        begin(Kind::value);
        out.put_text(value->text);
    } else if (const auto* evidence = std::get_if<Evidence>(&record.content)) {
        begin(Kind::evidence);
        out.put(evidence->good);
        out.put(evidence->bad);
        out.put(std::int64_t{evidence->half_life.count()});
    } else if (const auto* window = std::get_if<Window>(&record.content)) {
        begin(Kind::window);
        put_counts(out, window->current);
        put_counts(out, window->previous);
        out.put(std::int64_t{window->length.count()});
        out.put(window->half_started);
    }
    return octets;
}

std::optional<Record> decode_record(std::string_view octets) {
    OctetReader in(octets);
    Record record;
    Kind kind{};
    std::int64_t seconds = 0;
    in.take(kind);
    in.take(record.made);
    in.take(record.changed);
    in.take(record.expires);
    if (kind == Kind::value) {
        Value value;
        in.take_text(value.text, value_octets_max);
        record.content = std::move(value);
    } else if (kind == Kind::evidence) {
        Evidence evidence;
        in.take(evidence.good);
        in.take(evidence.bad);
        in.take(seconds);
        evidence.half_life = Seconds{seconds};
        if (!std::isfinite(evidence.good) || !std::isfinite(evidence.bad)) return std::nullopt;
        record.content = evidence;
    } else if (kind == Kind::window) {
        Window window;
        take_counts(in, window.current);
        take_counts(in, window.previous);
        in.take(seconds);
        window.length = Seconds{seconds};
        in.take(window.half_started);
        record.content = window;
    } else {
        return std::nullopt;
    }
    if (!in.whole()) return std::nullopt;
    return record;
}

}  // namespace sluice::store
