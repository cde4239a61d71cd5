// Where records are kept: the port behind which the embedded database and Redis do the same
// (backing_contract_test.cpp holds both to it).
#pragma once

#include <functional>
#include <optional>

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

    /// Writes down what is not yet; `done` runs when it is safe from a crash of this machine, or at once
    /// where that is somebody else's matter.
    virtual void settle(std::move_only_function<void()> done) = 0;
};

}  // namespace sluice::store
