// The reaction to an error reply of Redis. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "store/redis/redis_options.hpp"

namespace sluice::store {

struct RedisVerdict {
    enum class Next : std::uint8_t {
        redirect,   // MOVED: `host` serves the slot from now on
        ask_there,  // ASK: `host` is to be asked, this time only
        again,      // TRYAGAIN: repeat on the same server
        tell_all,   // NOSCRIPT: repeat on the same server, with the text of the script
        relearn,    // CLUSTERDOWN: learn the slots anew; this command fails
        reconnect,  // LOADING, READONLY, MASTERDOWN, NOAUTH: this server cannot be asked, or no longer
        refused,    // anything else: nothing was done, and repeating would not help
    };
    Next next = Next::refused;
    std::uint16_t slot = 0;
    RedisHost host = {};  // empty name = the host that was asked, on this port

    bool operator==(const RedisVerdict&) const = default;
};

/// Judges an error reply, given without its "-". The operation has not been done, whatever the error.
RedisVerdict judge_redis_error(std::string_view error);

}  // namespace sluice::store
