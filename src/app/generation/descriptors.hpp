// File descriptors: their limit decides how many sessions a process can hold.
#pragma once

#include <cstddef>
#include <cstdint>

#include "app/config/config.hpp"

namespace sluice::app {

/// Raises the soft limit of descriptors to the hard one, and returns it.
std::uint64_t raise_descriptor_limit();

/// The descriptors of a worker that are not client sessions: MTA connections, listeners, spool files, DNS,
/// and the loop's own.
std::uint64_t descriptors_beside_sessions(const Config& config);

/// The number of sessions that a worker can hold under `limit`; `sessions_max` at most.
unsigned sessions_within(std::uint64_t limit, unsigned sessions_max, std::uint64_t beside);

}  // namespace sluice::app
