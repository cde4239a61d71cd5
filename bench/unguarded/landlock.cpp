// In place of the product's where a bench asks what the sandbox costs.
#include "guard/landlock.hpp"

namespace sluice::guard {

std::vector<std::string> restrict_reach(const Reach&) {
    return {"everything (a program of the bench)"};
}

}  // namespace sluice::guard
