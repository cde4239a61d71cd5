// The sessions of a worker at one moment, as `sluice sessions` tells of them: totals by lane, and of each
// lane those that have lasted longest. Plain values; app/worker/held_text.hpp adds them up and makes text of
// them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/ip.hpp"
#include "front/record.hpp"
#include "policy/verdict.hpp"

namespace sluice::front {

/// One session, without a word of its client's.
struct HeldSession {
    IpAddress client;
    policy::Lane lane = policy::Lane::fast;  // as it is treated; who is not judged yet is in fast
    Stage stage = Stage::connect;
    int score = 0;
    std::uint64_t seconds = 0;  // since it was accepted
    std::uint64_t octets_in = 0;
    std::uint64_t octets_out = 0;

    bool operator==(const HeldSession&) const = default;
};

struct LaneTotal {
    std::uint64_t sessions = 0;
    std::uint64_t octets_in = 0;
    std::uint64_t octets_out = 0;

    bool operator==(const LaneTotal&) const = default;
};

struct HeldSessions {
    static constexpr std::size_t lanes = 4;
    static constexpr std::size_t oldest_max = 100;  // that are named, of each lane

    LaneTotal& of(policy::Lane lane) { return totals.at(static_cast<std::size_t>(lane)); }
    const LaneTotal& of(policy::Lane lane) const { return totals.at(static_cast<std::size_t>(lane)); }

    std::array<LaneTotal, lanes> totals{};
    std::vector<HeldSession> oldest;  // of each lane, the oldest first
    std::uint64_t memory_octets = 0;  // of the processes
    std::uint64_t workers = 0;
    std::uint64_t silent_workers = 0;  // that were asked, and have not answered in time

    bool operator==(const HeldSessions&) const = default;
};

}  // namespace sluice::front
