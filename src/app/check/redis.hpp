// Checks whether the Redis that `store` names can be reached, lets us in, and does what it will be asked.
#pragma once

#include <string_view>

#include "app/check/finding.hpp"
#include "app/config/config.hpp"

namespace sluice::app {

/// `trouble` is the store's sentence about a Redis that it cannot use, which names the server; empty when
/// Redis took a record. `where` is the server's name in the finding, without its password.
Finding judge_redis(std::string_view where, std::string_view trouble);

/// Findings about unusable files in state.redis_ca_file and state.redis_chain_file.
Findings redis_files(const Config& config);

/// Writes a record that expires after a second. Takes as long as connecting may, plus two seconds. No finding
/// when `store` names no Redis.
Findings probe_redis(const Config& config);

}  // namespace sluice::app
