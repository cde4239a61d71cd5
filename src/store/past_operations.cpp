#include "store/past_operations.hpp"

#include <utility>
#include <vector>

#include "store/keys.hpp"

namespace sluice::store {

namespace {

constexpr unsigned network_bits_v4 = 24;
constexpr unsigned network_bits_v6 = 48;

std::string key(std::string_view space, std::string_view what) {
    return std::string(space).append(what);
}

std::string scope_key(std::string_view space, std::size_t scope, const IpAddress& client) {
    switch (static_cast<policy::Scope>(scope)) {
        case policy::Scope::client: return client_key(space, client);
        case policy::Scope::network: return network_key(space, client);
        case policy::Scope::all: break;
    }
    return everybody_key(space);
}

bool counts_sessions(const policy::PastOptions& options, std::size_t scope) {
    return options.limits[scope].at_once > 0;
}

bool counts_rates(const policy::PastOptions& options, std::size_t scope) {
    return options.limits[scope].in_window != policy::RateCounts{};
}

void append_hold(Operations& operations, const IpAddress& client, const policy::PastOptions& options,
                 std::int32_t amount) {
    for (std::size_t scope = 0; scope < policy::scopes; ++scope)
        if (counts_sessions(options, scope))
            operations.push_back(
                {.verb = Verb::hold, .key = scope_key(live_space, scope, client), .amount = amount});
}

void append_counts(Operations& operations, const IpAddress& client, const policy::PastOptions& options,
                   const policy::RateCounts& counts) {
    for (std::size_t scope = 0; scope < policy::scopes; ++scope)
        if (counts_rates(options, scope))
            operations.push_back({.verb = Verb::count,
                                  .key = scope_key(rate_space, scope, client),
                                  .term = options.rate_window,
                                  .counts = counts});
}

policy::Evidence evidence_in(const Outcome& outcome) {
    return {.good = outcome.good, .bad = outcome.bad};
}

/// The keys of the evidence that also concerns this client, the narrowest circle first.
std::vector<std::string> reputation_keys(const IpAddress& client, const policy::Place& place) {
    std::vector<std::string> keys{client_key(reputation_space, client),
                                  network_key(reputation_space, client)};
    if (place.asn != 0) keys.push_back(asn_key(reputation_space, place));
    if (place.knows_country()) keys.push_back(country_key(reputation_space, place));
    return keys;
}

static_assert(policy::rates == counters);

}  // namespace

std::string client_key(std::string_view space, const IpAddress& client) {
    return key(space, client.counted_as().to_string());
}

std::string network_key(std::string_view space, const IpAddress& client) {
    const unsigned bits = client.is_v4() ? network_bits_v4 : network_bits_v6;
    return key(space, Network(client, bits).to_string());
}

std::string everybody_key(std::string_view space) {
    return key(space, "all");
}

std::string asn_key(std::string_view space, const policy::Place& place) {
    return key(space, asn_name(place));
}

std::string country_key(std::string_view space, const policy::Place& place) {
    return key(space, country_name(place));
}

Operations past_of(const IpAddress& client, const policy::Place& place, const policy::PastOptions& options,
                   Arrival arrival) {
    const bool joins = arrival == Arrival::joins;
    Operations asked;
    asked.reserve(5 + 2 * policy::scopes);
    asked.push_back({.verb = Verb::get, .key = client_key(block_space, client)});
    for (std::string& whose : reputation_keys(client, place))
        asked.push_back({.verb = Verb::weigh, .key = std::move(whose), .term = options.reputation_half_life});
    append_hold(asked, client, options, joins ? 1 : 0);
    append_counts(asked, client, options, {joins ? 1U : 0U});
    return asked;
}

policy::Past read_past(const Outcomes& outcomes, const policy::Place& place,
                       const policy::PastOptions& options) {
    policy::Past past{.place = place};
    auto next = outcomes.begin();
    // There may be fewer outcomes than were asked for: what is missing is not known.
    const auto take = [&]() -> const Outcome& {
        static const Outcome nothing;
        return next == outcomes.end() ? nothing : *next++;
    };
    if (const Outcome& block = take(); block.found) {
        past.block = policy::parse_short_block(block.value);
        past.block_age = block.age;
    }
    past.evidence.client = evidence_in(take());
    past.evidence.network = evidence_in(take());
    if (place.asn != 0) past.evidence.asn = evidence_in(take());
    if (place.knows_country()) past.evidence.country = evidence_in(take());
    for (std::size_t scope = 0; scope < policy::scopes; ++scope)
        if (counts_sessions(options, scope)) past.at_once[scope] = take().counts[0];
    for (std::size_t scope = 0; scope < policy::scopes; ++scope)
        if (counts_rates(options, scope)) past.in_window[scope] = take().counts;
    return past;
}

Operations held_by(const IpAddress& client, const policy::PastOptions& options, bool here) {
    Operations held;
    append_hold(held, client, options, here ? 1 : -1);
    return held;
}

Operations departure_of(const IpAddress& client, const policy::Place& place,
                        const policy::PastOptions& options, const Departure& departure) {
    Operations told = held_by(client, options, false);
    if (const policy::Evidence evidence = policy::evidence_of(departure.conduct); evidence.sum() > 0)
        for (std::string& whose : reputation_keys(client, place))
            told.push_back({.verb = Verb::weigh,
                            .key = std::move(whose),
                            .term = options.reputation_half_life,
                            .good = evidence.good,
                            .bad = evidence.bad});
    if (departure.counts != policy::RateCounts{}) append_counts(told, client, options, departure.counts);
    if (departure.block)
        told.push_back({.verb = Verb::put,
                        .key = client_key(block_space, client),
                        .value = policy::to_text(*departure.block),
                        .term = policy::memory_of(*departure.block)});
    return told;
}

}  // namespace sluice::store
