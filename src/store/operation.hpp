// The operations on the memory that sessions, workers and machines share: each is on one key.
//
// There are three kinds of record, so that every change is one atomic step in any backing: a value that lives
// for a time; evidence, two sums that decay; and counts of events in a sliding window. A fourth kind, the
// live count, lasts as long as the connection of the worker that holds it. A key belongs to one kind; an
// operation of another kind finds nothing and replaces what is there.
//
// Keys are text, "space/what": the spaces are in store/keys.hpp. No I/O.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace sluice::store {

enum class Verb : std::uint8_t {
    get,    // the stored value
    put,    // `value` for `term`; 0 = for ever
    add,    // like put, unless there is a value: then that value
    erase,  // whatever is there; found = there was something
    weigh,  // evidence: adds `good` and `bad` after what was there has decayed with half-life `term`
    count,  // adds `counts` events to a sliding window of `term`
    hold,   // adds `amount` sessions of this worker (or fewer); the count of all workers, in counts[0]
    list,   // at most `amount` records whose key begins with `key`, in order, after the key `value`
};
inline constexpr std::uint8_t verbs = 8;

inline constexpr std::size_t key_octets_max = 255;
inline constexpr std::size_t value_octets_max = 1024;
inline constexpr std::size_t operations_max = 64;  // in one question
inline constexpr std::int32_t listed_max = 50;     // in one list
inline constexpr std::size_t counters = 6;
using Counts = std::array<std::uint32_t, counters>;

struct Operation {
    Verb verb = Verb::get;
    std::string key;
    std::string value = {};
    Seconds term{0};
    double good = 0;
    double bad = 0;
    Counts counts{};
    std::int32_t amount = 0;

    bool operator==(const Operation&) const = default;
};

/// The result of one operation. Adding nothing (weigh, count, hold) only looks: it makes no record.
struct Outcome {
    bool found = false;      // there was a record before; list: this is one
    std::string key = {};    // list only
    std::string value = {};  // get, add, list
    double good = 0;         // weigh, list; the sums after the operation
    double bad = 0;
    Counts counts{};        // count, hold, list; after the operation
    Seconds age{0};         // since the record was made
    Seconds left{0};        // until it expires; 0 = never
    Verb kind = Verb::get;  // the kind of the record: put, weigh or count; get = none
    Seconds term{0};        // half-life of evidence, window of counts

    bool operator==(const Outcome&) const = default;
};

using Operations = std::vector<Operation>;
using Outcomes = std::vector<Outcome>;

}  // namespace sluice::store
