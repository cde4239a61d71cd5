// The port for keeping records: the embedded database and Redis behave alike behind it
// (backing_contract_test.cpp checks both).
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "store/operation.hpp"

namespace sluice::store {

class Backing {
  public:
    /// An outcome for each operation; nothing = it could not be done, or it is not known whether it was.
    using Done = std::move_only_function<void(std::optional<Outcomes>)>;

    virtual ~Backing() = default;

    /// Performs the operations in order, each one atomic; hold is not allowed. `list` comes alone in its
    /// batch, and has an outcome for each record found. `done` may run at once, or later from the loop; it
    /// does not run after this object is destroyed.
    virtual void perform(Operations batch, Done done) = 0;

    /// The reason why pending changes are not written down; empty = they are.
    using Settled = std::move_only_function<void(std::string_view why)>;

    /// Writes down what has been performed and is not written yet. `done` runs when that would survive a
    /// crash of this machine, or when it could not be done, in which case it is tried again later. It runs at
    /// once where another process is responsible for the writing. Later operations are not waited for.
    virtual void settle(Settled done) = 0;
};

}  // namespace sluice::store
