// The sessions of a worker at one moment, as `sluice sessions` shows them: totals by lane, and the oldest
// sessions of each lane. Plain values; app/worker/held_text.hpp adds them up and renders them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/ip.hpp"
#include "front/record.hpp"
#include "policy/verdict.hpp"

namespace sluice::front {

/// One session, without any text that the client has sent.
struct HeldSession {
    IpAddress client;
    policy::Lane lane = policy::Lane::fast;  // as it is treated; a session not judged yet counts as fast
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
    static constexpr std::size_t oldest_max = 100;  // sessions listed of each lane

    LaneTotal& of(policy::Lane lane) { return totals.at(static_cast<std::size_t>(lane)); }
    const LaneTotal& of(policy::Lane lane) const { return totals.at(static_cast<std::size_t>(lane)); }

    std::array<LaneTotal, lanes> totals{};
    std::vector<HeldSession> oldest;  // of each lane, the oldest first
    std::uint64_t memory_octets = 0;  // of the processes
    std::uint64_t workers = 0;
    std::uint64_t silent_workers = 0;  // workers that were asked and have not answered in time

    bool operator==(const HeldSessions&) const = default;
};

}  // namespace sluice::front
