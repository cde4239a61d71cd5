// The command that Redis gets for an operation, and the meaning of its reply. Pure.
//
// One script does every operation, on one key, so that each operation is atomic, works in a cluster, and uses
// the clock of Redis: machines whose clocks differ agree. Being one script also keeps a batch in order when
// Redis has forgotten the script and is sent its text again.
//
// A record is one string, so that it takes little more memory than its octets. Rejected: a hash for each
// record (three times the memory), Redis' own counters (they cannot slide or decay).
#pragma once

#include <cstdint>
#include <expected>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "store/operation.hpp"
#include "store/record.hpp"
#include "store/redis/redis_reply.hpp"

namespace sluice::store {

/// Appends a command in the form that Redis reads.
void append_redis_command(std::string& out, std::initializer_list<std::string_view> words);

/// The script, and the SHA-1 of its text by which Redis knows it.
std::string_view redis_script();
const std::string& redis_script_digest();

enum class ScriptBy : std::uint8_t {
    digest,  // EVALSHA
    text,    // EVAL: from then on Redis knows the digest
};

/// Appends the command for `operation`, whose key becomes `prefix` + key. For a list, it reads the one record
/// whose key is `key`.
void append_redis_operation(std::string& out, const Operation& operation, std::string_view prefix,
                            ScriptBy by);

/// The outcome of that command; nothing when the reply is not the script's. For a list: as the record is
/// listed.
std::optional<Outcome> redis_outcome(const Operation& operation, const RedisReply& reply);

/// Appends one step through the keys of a server that begin with `prefix`, which is taken literally.
void append_redis_scan(std::string& out, std::string_view cursor, std::string_view prefix);

}  // namespace sluice::store
