// The means by which the contract tests of store::Backing run on one kind of backing.
#pragma once

#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "net/loop.hpp"
#include "store/backing.hpp"

namespace sluice::store {

/// One memory, empty at first, that backings can be opened on.
class BackingHarness {
  public:
    virtual ~BackingHarness() = default;

    /// Opens a backing on this memory. May be called again: the backings then share it.
    virtual std::unique_ptr<Backing> open(net::Loop& loop) = 0;
    /// True: two backings may have it open at once.
    virtual bool shared() const { return true; }
    /// Lets time pass for the records; waits for it where their clock cannot be set.
    virtual void pass(net::Loop& loop, Millis time) {
        for (const Instant end = loop.now() + time; loop.now() < end;)
            loop.turn(std::chrono::duration_cast<Millis>(end - loop.now()));
    }
};

/// A kind of backing. `make` throws std::runtime_error that says what is missing.
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

/// Performs `batch` and waits for its outcomes; empty when it could not be done.
inline Outcomes ask(net::Loop& loop, Backing& backing, Operations batch) {
    // The loop has not noticed the time that the test spent meanwhile: deadlines must count from now.
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
