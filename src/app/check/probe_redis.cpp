// Tries the Redis of the store; app/check/redis.hpp judges.
#include <fmt/format.h>
#include <optional>
#include <stdexcept>
#include <string>

#include "app/check/redis.hpp"
#include "net/loop.hpp"
#include "net/tls_client.hpp"
#include "store/redis/redis_backing.hpp"

namespace sluice::app {

namespace {

/// Time in addition to Redis's own time-outs.
constexpr Millis patience{2000};

std::string place_of(const store::RedisOptions& options) {
    std::string all;
    for (const store::RedisHost& host : options.hosts)
        all += (all.empty() ? "" : ", ") + host.to_string();
    return all;
}

/// Why Redis took no record; empty = it did.
std::string trouble_with(const store::RedisOptions& options, const std::string& key) {
    net::Loop loop;
    std::string trouble;
    bool kept = false;
    bool over = false;
    store::RedisBacking redis(loop, options, [&](std::string_view what, std::string_view why) {
        if (what != "store_up") trouble = why;
    });
    redis.perform({{.verb = store::Verb::put, .key = key, .value = "here", .term = Seconds{1}}},
                  [&](const std::optional<store::Outcomes>& outcomes) {
                      kept = outcomes.has_value();
                      over = true;
                  });
    // The reason may arrive one turn after the failure of the record.
    const Instant until = loop.now() + options.connect_timeout + options.command_timeout + patience;
    while (!kept && (!over || trouble.empty()) && loop.now() < until)
        loop.turn(Millis{100});
    if (kept) return {};
    return trouble.empty() ? place_of(options) + ": no answer came in time" : trouble;
}

}  // namespace

Findings redis_files(const Config& config) {
    const auto options = config.redis();
    if (!options || !options->tls) return {};
    try {
        const net::TlsClientContext context(options->tls_options);
        return {};
    } catch (const std::runtime_error& error) {
        return {{Severity::hurts,
                 fmt::format("Correct state.redis_ca_file or state.redis_chain_file: {}", error.what())}};
    }
}

Findings probe_redis(const Config& config) {
    const auto options = config.redis();
    if (!options || !redis_files(config).empty()) return {};
    return {judge_redis(place_of(*options), trouble_with(*options, "check/" + config.front.server.hostname))};
}

}  // namespace sluice::app
