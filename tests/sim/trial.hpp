// One seed: a world, a life of the product in it, and the verdict.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/faults.hpp"
#include "sim/sabotage.hpp"

namespace sluice::sim {

struct TrialOptions {
    bool keep_trace = false;
    bool whole_story = false;          // the whole trace, not only what leads to a violation
    std::size_t story_lines_max = 60;  // of that trace
    Sabotage sabotage = Sabotage::none;
    /// For tests: replaces what the seed draws.
    std::optional<Fault> only_fault;
    unsigned only_fault_per_mille = 0;
};

struct Findings {
    std::vector<std::string> violations;
    std::string story;  // with keep_trace: what happened last on the connection of the first violation
    std::uint64_t digest = 0;
    std::uint64_t sessions = 0;
    std::uint64_t messages = 0;
    std::uint64_t virtual_seconds = 0;
    FaultCounts faults{};
};

/// Runs the trial. The same seed and options give the same findings, to the digest.
Findings run_trial(std::uint64_t seed, const TrialOptions& options);

/// Runs the trial, and also counts the memory blocks that are left behind.
Findings run_trial_and_weigh(std::uint64_t seed, const TrialOptions& options);

}  // namespace sluice::sim
