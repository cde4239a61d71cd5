// The operator's settings for the memory.
#pragma once

#include <cstddef>
#include <string>

#include "base/time.hpp"

namespace sluice::store {

struct StoreOptions {
    std::string where = "auto";  // "auto", "off", "local" or "redis://…" and kin
    std::size_t records_max = 1'000'000;
    std::size_t counts_max = 200'000;
    Millis commit_every{100};
    Millis deadline{100};
    std::string redis_prefix = "sluice:";
    std::string redis_ca_file;
    std::string redis_chain_file;
    std::string redis_tls_name;
    bool operator==(const StoreOptions&) const = default;
};

}  // namespace sluice::store
