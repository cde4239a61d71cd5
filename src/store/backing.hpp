// Where records are kept: the port behind which the embedded database and Redis do the same
// (backing_contract_test.cpp holds both to it).
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "store/operation.hpp"

namespace sluice::store {

class Backing {
  public:
    /// An outcome for each operation; nothing = it could not be done, or nobody knows whether it was.
    using Done = std::move_only_function<void(std::optional<Outcomes>)>;

    virtual ~Backing() = default;

    /// Operations in their order, each one atomic; never hold. `list` comes alone in its batch, and has an
    /// outcome for each record found. `done` may run at once, or later from the loop; it does not run once
    /// this is destroyed.
    virtual void perform(Operations batch, Done done) = 0;

    /// Why what was to be written down is not; empty = all of it is.
    using Settled = std::move_only_function<void(std::string_view why)>;

    /// Writes down what has been performed and is not written yet. `done` runs when that is safe from a crash
    /// of this machine, or could not be done, in which case it is tried again later; at once where it is
    /// somebody else's matter. What is performed after this call is not waited for.
    virtual void settle(Settled done) = 0;
};

}  // namespace sluice::store
