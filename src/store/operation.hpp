// What is asked of the memory that sessions, workers and machines share: one operation on one key each.
//
// Three kinds of record, so that every change is one atomic step wherever it is kept: a value that lives for
// a time; evidence, two sums that decay; and counts of events in a sliding window. A fourth, the live count,
// lasts as long as the connection of the worker that holds it. A key belongs to one kind; an operation of
// another kind finds nothing and replaces what is there.
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
    get,    // the value there is
    put,    // `value` for `term`; 0 = for ever
    add,    // as put, unless there is one already: the value that is there now
    erase,  // whatever is there; found = there was something
    weigh,  // evidence: `good` and `bad` more, after what was there has decayed with half-life `term`
    count,  // `counts` more events in a sliding window of `term`
    hold,   // `amount` more (or fewer) sessions of this worker; the count of all workers, in counts[0]
    list,   // at most `amount` records whose key begins with `key`, in order, after the key `value`
};
inline constexpr std::uint8_t verbs = 8;

inline constexpr std::size_t key_octets_max = 255;
inline constexpr std::size_t value_octets_max = 1024;
inline constexpr std::size_t operations_max = 64;  // of one question
inline constexpr std::int32_t listed_max = 50;     // of one list
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

/// What became of one operation. Adding nothing (weigh, count, hold) is how one looks: it makes no record.
struct Outcome {
    bool found = false;      // there was a record, before; list: this is one
    std::string key = {};    // list only
    std::string value = {};  // get, add, list
    double good = 0;         // weigh, list; as they are now, what was added included
    double bad = 0;
    Counts counts{};        // count, hold, list; likewise
    Seconds age{0};         // since the record was made
    Seconds left{0};        // until it expires; 0 = never
    Verb kind = Verb::get;  // what makes such a record: put, weigh or count; get = there is none
    Seconds term{0};        // of evidence its half-life, of counts their window

    bool operator==(const Outcome&) const = default;
};

using Operations = std::vector<Operation>;
using Outcomes = std::vector<Outcome>;

}  // namespace sluice::store
