// File descriptors: the limit that decides how many sessions a process can hold.
#pragma once

#include <cstddef>
#include <cstdint>

#include "app/config/config.hpp"

namespace sluice::app {

/// Raises the soft limit of descriptors to the hard one, and returns it.
std::uint64_t raise_descriptor_limit();

/// Descriptors of a worker that are not client sessions: MTA connections, listeners, spool files, DNS, the
/// loop's own.
std::uint64_t descriptors_beside_sessions(const Config& config);

/// How many sessions a worker can hold under `limit`: what is configured, or less.
unsigned sessions_within(std::uint64_t limit, unsigned sessions_max, std::uint64_t beside);

}  // namespace sluice::app
