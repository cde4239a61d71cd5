// What the contract of store::Backing needs to be run over one way of keeping records, for tests.
#pragma once

#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "net/loop.hpp"
#include "store/backing.hpp"

namespace sluice::store {

/// One memory, empty at first, and what opens it.
class BackingHarness {
  public:
    virtual ~BackingHarness() = default;

    /// A backing on this memory. May be called again: they then share it.
    virtual std::unique_ptr<Backing> open(net::Loop& loop) = 0;
    /// Two may have it open at once.
    virtual bool shared() const { return true; }
    /// Lets time pass for the records; by waiting for it, where their clock cannot be had.
    virtual void pass(net::Loop& loop, Millis time) {
        for (const Instant end = loop.now() + time; loop.now() < end;)
            loop.turn(std::chrono::duration_cast<Millis>(end - loop.now()));
    }
};

/// What a harness is made by: throws std::runtime_error that says what is missing.
struct BackingKind {
    std::string name;
    std::unique_ptr<BackingHarness> (*make)();
};

inline void PrintTo(const BackingKind& kind, std::ostream* out) {
    *out << kind.name;
}

/// Turns the loop until `done()`; false when that takes longer than `limit`.
template <class Condition>
bool turn_until(net::Loop& loop, Condition done, Millis limit = Millis{10'000}) {
    loop.turn(Millis{0});
    for (const Instant end = loop.now() + limit; !done(); loop.turn(Millis{20}))
        if (loop.now() >= end) return false;
    return true;
}

/// Performs `batch` and waits for its outcomes; none when it could not be done.
inline Outcomes ask(net::Loop& loop, Backing& backing, Operations batch) {
    // What the test did meanwhile took time that the loop has not heard of: deadlines count from now.
    loop.turn(Millis{0});
    std::optional<Outcomes> answer;
    backing.perform(std::move(batch), [&answer](std::optional<Outcomes> outcomes) {
        EXPECT_FALSE(answer) << "answered twice";
        answer = std::move(outcomes).value_or(Outcomes{});
    });
    if (!turn_until(loop, [&answer] { return answer.has_value(); })) throw std::runtime_error("no answer");
    return std::move(*answer);
}

}  // namespace sluice::store
