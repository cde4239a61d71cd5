#include "app/check/redis.hpp"

#include <fmt/format.h>

#include "base/shown_text.hpp"

namespace sluice::app {

namespace {

/// Chooses the advice by the beginning of Redis's own error messages.
std::string_view advice_for(std::string_view trouble) {
    const auto says = [trouble](std::string_view words) {
        return trouble.find(words) != std::string_view::npos;
    };
    if (says("WRONGPASS") || says("invalid password"))
        return "Put the right password into store (redis://:PASSWORD@HOST, or with an ACL "
               "redis://USER:PASSWORD@HOST)";
    if (says("NOAUTH")) return "Put its password into store (redis://:PASSWORD@HOST)";
    if (says("without any password configured") || says("no password is set"))
        return "Take the password out of store, or set requirepass in redis.conf";
    if (says("NOPERM"))
        return "Give that user of Redis the keys and commands it needs (see state in sluice.toml)";
    if (says("replica") || says("READONLY")) return "Name the master in store, not a replica";
    if (says("MISCONF") || says("OOM")) return "Mend the disk or the memory of Redis";
    if (says("invalid DB index") || says("out of range"))
        return "Name a database in store that Redis has (redis://HOST/0)";
    return "Start Redis, or correct store";
}

}  // namespace

Finding judge_redis(std::string_view where, std::string_view trouble) {
    if (trouble.empty()) return {Severity::fine, fmt::format("Redis {} keeps records", where)};
    return {Severity::hurts,
            fmt::format("{}: {}. Without it nothing is remembered: no greylist, no reputation, no blocks",
                        advice_for(trouble), shown(trouble))};
}

}  // namespace sluice::app
