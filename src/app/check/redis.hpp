// Finds out whether the Redis that `store` names can be reached, lets us in, and does what it will be asked.
#pragma once

#include <string_view>

#include "app/check/finding.hpp"
#include "app/config/config.hpp"

namespace sluice::app {

/// `trouble` is what the memory says of a Redis that it cannot use (a sentence that names the server), empty
/// when it took a record; `where` is how the finding calls it, without its password.
Finding judge_redis(std::string_view where, std::string_view trouble);

/// The files of state.redis_ca_file and state.redis_chain_file that cannot be used.
Findings redis_files(const Config& config);

/// Puts a record there that is gone after a second. Takes as long as connecting may, and two seconds more.
/// No finding where `store` names no Redis.
Findings probe_redis(const Config& config);

}  // namespace sluice::app
