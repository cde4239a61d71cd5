// What to do when Redis answers with an error. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "store/redis/redis_options.hpp"

namespace sluice::store {

struct RedisVerdict {
    enum class Next : std::uint8_t {
        redirect,   // MOVED: the slot is with `host` from now on
        ask_there,  // ASK: this time, `host` is to be asked
        again,      // TRYAGAIN: the same server, once more
        tell_all,   // NOSCRIPT: the same server, with the text of the script
        relearn,    // CLUSTERDOWN: who serves what is to be learned anew; nothing for this one
        reconnect,  // LOADING, READONLY, MASTERDOWN, NOAUTH: this is not, or no longer, a server to ask
        refused,    // anything else: nothing was done, and will not be by asking again
    };
    Next next = Next::refused;
    std::uint16_t slot = 0;
    RedisHost host = {};  // name empty = the host that was asked, on this port

    bool operator==(const RedisVerdict&) const = default;
};

/// Of an error reply, without its "-". The operation has not been done, whatever the error.
RedisVerdict judge_redis_error(std::string_view error);

}  // namespace sluice::store
