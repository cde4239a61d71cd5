// Runs fresh seeds for as long as wanted, on all cores: each process runs a sequence of its own, so that a
// crash or a hang is a finding like any other.
#pragma once

#include <cstdint>
#include <string>

namespace sluice::sim {

struct SoakOptions {
    std::string program;  // named in the command that replays a seed
    std::uint64_t first_seed = 1;
    std::uint64_t seeds_max = UINT64_MAX;
    std::int64_t seconds = 60;
    unsigned jobs = 1;
};

/// Runs, and prints what was done and what was wrong. True when nothing was.
bool soak(const SoakOptions& options);

/// Runs one seed and prints everything about it. True when nothing was wrong.
bool replay(const std::string& program, std::uint64_t seed, bool whole_story);

}  // namespace sluice::sim
