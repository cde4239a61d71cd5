// The distribution of keys over the masters of a Redis cluster. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "store/redis/redis_options.hpp"
#include "store/redis/redis_reply.hpp"

namespace sluice::store {

inline constexpr std::uint16_t redis_slots = 16'384;

/// CRC-16/XMODEM of the key, or of the text within its first braces, if there is any.
std::uint16_t redis_slot(std::string_view key);

struct RedisSlotRange {
    std::uint16_t first = 0;
    std::uint16_t last = 0;
    RedisHost master = {};
    bool operator==(const RedisSlotRange&) const = default;
};

/// Reads a reply to CLUSTER SLOTS from the server `asked`; nothing when it is malformed.
std::optional<std::vector<RedisSlotRange>> parse_redis_slots(const RedisReply& reply, const RedisHost& asked);

}  // namespace sluice::store
