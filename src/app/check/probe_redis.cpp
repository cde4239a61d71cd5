// Tries the Redis of the memory, as app/check/redis.hpp says.
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

/// The time beyond what Redis itself is given.
constexpr Millis patience{2000};

std::string place_of(const store::RedisOptions& options) {
    std::string all;
    for (const store::RedisHost& host : options.hosts)
        all += (all.empty() ? "" : ", ") + host.to_string();
    return all;
}

/// The reason why it took no record; empty = it did.
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
    // Its word on itself may come a turn later than the fate of the record.
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
