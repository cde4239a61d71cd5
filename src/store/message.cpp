#include "store/message.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "store/octets.hpp"

namespace sluice::store {

namespace {

constexpr std::size_t head_octets = sizeof(std::uint32_t);

/// Writes what `body` appends as a frame.
template <class Body>
void append_frame(std::string& out, Body body) {
    const std::size_t start = out.size();
    out.append(head_octets, '\0');
    body(OctetWriter(out));
    const auto length = static_cast<std::uint32_t>(out.size() - start - head_octets);
    std::memcpy(out.data() + start, &length, sizeof length);
}

void put_counts(OctetWriter& out, const Counts& counts) {
    for (const std::uint32_t count : counts)
        out.put(count);
}

void take_counts(OctetReader& in, Counts& counts) {
    for (std::uint32_t& count : counts)
        in.take(count);
}

void take_seconds(OctetReader& in, Seconds& seconds) {
    std::int64_t count = 0;
    in.take(count);
    seconds = Seconds{count};
}

/// Only the fields that the verb uses are sent.
void put_operation(OctetWriter& out, const Operation& operation) {
    out.put(operation.verb);
    out.put_text(operation.key);
    switch (operation.verb) {
        case Verb::get:
        case Verb::erase: break;
        case Verb::put:
        case Verb::add:
            out.put_text(operation.value);
            out.put(std::int64_t{operation.term.count()});
            break;
        case Verb::weigh:
            out.put(operation.good);
            out.put(operation.bad);
            out.put(std::int64_t{operation.term.count()});
            break;
        case Verb::count:
            put_counts(out, operation.counts);
            out.put(std::int64_t{operation.term.count()});
            break;
        case Verb::list: out.put_text(operation.value); [[fallthrough]];
        case Verb::hold: out.put(operation.amount); break;
    }
}

}  // namespace

bool acceptable(const Operation& operation) {
    constexpr double evidence_max = 1e6;
    const auto in_bounds = [](double sum) { return std::isfinite(sum) && sum >= 0 && sum <= evidence_max; };
    constexpr Seconds term_max{10LL * 366 * 86'400};
    if (operation.key.empty()) return operation.verb == Verb::list;
    if (operation.key.size() > key_octets_max || operation.value.size() > value_octets_max) return false;
    return in_bounds(operation.good) && in_bounds(operation.bad) && operation.term >= Seconds{0} &&
           operation.term <= term_max;
}

namespace {

bool take_operation(OctetReader& in, Operation& operation) {
    in.take(operation.verb);
    in.take_text(operation.key, key_octets_max);
    switch (operation.verb) {
        case Verb::get:
        case Verb::erase: break;
        case Verb::put:
        case Verb::add:
            in.take_text(operation.value, value_octets_max);
            take_seconds(in, operation.term);
            break;
        case Verb::weigh:
            in.take(operation.good);
            in.take(operation.bad);
            take_seconds(in, operation.term);
            break;
        case Verb::count:
            take_counts(in, operation.counts);
            take_seconds(in, operation.term);
            break;
        case Verb::list: in.take_text(operation.value, key_octets_max); [[fallthrough]];
        case Verb::hold: in.take(operation.amount); break;
        default: return false;
    }
    return !in.failed() && acceptable(operation);
}

// The parts of an outcome that are present, in the order in which they are written; most outcomes have few.
enum Part : std::uint8_t {
    found = 1,
    key = 2,
    value = 4,
    evidence = 8,
    counted = 16,
    timed = 32,
    kept = 64,
};

std::uint8_t parts_of(const Outcome& outcome) {
    int parts = 0;
    if (outcome.found) parts |= found;
    if (!outcome.key.empty()) parts |= key;
    if (!outcome.value.empty()) parts |= value;
    if (outcome.good != 0 || outcome.bad != 0) parts |= evidence;
    if (outcome.counts != Counts{}) parts |= counted;
    if (outcome.age != Seconds{0} || outcome.left != Seconds{0}) parts |= timed;
    if (outcome.kind != Verb::get || outcome.term != Seconds{0}) parts |= kept;
    return static_cast<std::uint8_t>(parts);
}

void put_outcome(OctetWriter& out, const Outcome& outcome) {
    const std::uint8_t parts = parts_of(outcome);
    out.put(parts);
    if ((parts & key) != 0) out.put_text(outcome.key);
    if ((parts & value) != 0) out.put_text(outcome.value);
    if ((parts & evidence) != 0) {
        out.put(outcome.good);
        out.put(outcome.bad);
    }
    if ((parts & counted) != 0) put_counts(out, outcome.counts);
    if ((parts & timed) != 0) {
        out.put(std::int64_t{outcome.age.count()});
        out.put(std::int64_t{outcome.left.count()});
    }
    if ((parts & kept) != 0) {
        out.put(outcome.kind);
        out.put(std::int64_t{outcome.term.count()});
    }
}

void take_outcome(OctetReader& in, Outcome& outcome) {
    std::uint8_t parts = 0;
    in.take(parts);
    outcome.found = (parts & found) != 0;
    if ((parts & key) != 0) in.take_text(outcome.key, key_octets_max);
    if ((parts & value) != 0) in.take_text(outcome.value, value_octets_max);
    if ((parts & evidence) != 0) {
        in.take(outcome.good);
        in.take(outcome.bad);
    }
    if ((parts & counted) != 0) take_counts(in, outcome.counts);
    if ((parts & timed) != 0) {
        take_seconds(in, outcome.age);
        take_seconds(in, outcome.left);
    }
    if ((parts & kept) != 0) {
        in.take(outcome.kind);
        take_seconds(in, outcome.term);
    }
}

}  // namespace

void append_query(std::string& out, std::uint32_t number, std::span<const Operation> operations) {
    append_frame(out, [&](OctetWriter to) {
        to.put(number);
        to.put(static_cast<std::uint8_t>(operations.size()));
        for (const Operation& operation : operations)
            put_operation(to, operation);
    });
}

void append_response(std::string& out, const Response& response) {
    append_frame(out, [&](OctetWriter to) {
        to.put(response.number);
        to.put(response.done);
        to.put(response.acts);
        to.put(static_cast<std::uint8_t>(response.outcomes.size()));
        for (const Outcome& outcome : response.outcomes)
            put_outcome(to, outcome);
        if (!response.done) to.put_text(std::string_view(response.why).substr(0, why_octets_max));
    });
}

Frame take_frame(std::string_view& input) {
    std::uint32_t length = 0;
    if (input.size() < head_octets) return {};
    std::memcpy(&length, input.data(), sizeof length);
    if (length == 0 || length > frame_octets_max) return {.status = Frame::Status::bad, .body = {}};
    if (input.size() - head_octets < length) return {};
    const Frame frame{.status = Frame::Status::whole, .body = input.substr(head_octets, length)};
    input.remove_prefix(head_octets + length);
    return frame;
}

std::optional<Query> decode_query(std::string_view body) {
    OctetReader in(body);
    Query query;
    std::uint8_t size = 0;
    in.take(query.number);
    in.take(size);
    if (size > operations_max) return std::nullopt;
    query.operations.resize(size);
    for (Operation& operation : query.operations)
        if (!take_operation(in, operation)) return std::nullopt;
    if (!in.whole()) return std::nullopt;
    return query;
}

std::optional<Response> decode_response(std::string_view body) {
    OctetReader in(body);
    Response response;
    std::uint8_t done = 0, size = 0;
    in.take(response.number);
    in.take(done);
    in.take(response.acts);
    in.take(size);
    response.done = done != 0;
    if (in.failed() || size > std::max<std::size_t>(operations_max, listed_max)) return std::nullopt;
    response.outcomes.resize(size);
    for (Outcome& outcome : response.outcomes) {
        take_outcome(in, outcome);
        if (!std::isfinite(outcome.good) || !std::isfinite(outcome.bad)) return std::nullopt;
    }
    if (!response.done) in.take_text(response.why, why_octets_max);
    if (!in.whole()) return std::nullopt;
    return response;
}

}  // namespace sluice::store
