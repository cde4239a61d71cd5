#include "store/past_operations.hpp"

#include "store/keys.hpp"

namespace sluice::store {

namespace {

constexpr unsigned network_bits_v4 = 24;
constexpr unsigned network_bits_v6 = 48;

std::string key(std::string_view space, std::string_view what) {
    return std::string(space).append(what);
}

std::array<std::string, policy::scopes> keys_of(std::string_view space, const IpAddress& client) {
    return {client_key(space, client), network_key(space, client), everybody_key(space)};
}

policy::Evidence evidence_in(const Outcome& outcome) {
    return {.good = outcome.good, .bad = outcome.bad};
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

Operations past_of(const IpAddress& client, const policy::PastOptions& options, Arrival arrival) {
    const bool joins = arrival == Arrival::joins;
    const Seconds half_life = options.reputation_half_life;
    Operations asked;
    asked.reserve(3 + 2 * policy::scopes);
    asked.push_back({.verb = Verb::get, .key = client_key(block_space, client)});
    asked.push_back({.verb = Verb::weigh, .key = client_key(reputation_space, client), .term = half_life});
    asked.push_back({.verb = Verb::weigh, .key = network_key(reputation_space, client), .term = half_life});
    for (std::string& live : keys_of(live_space, client))
        asked.push_back({.verb = Verb::hold, .key = std::move(live), .amount = joins ? 1 : 0});
    for (std::string& rate : keys_of(rate_space, client))
        asked.push_back({.verb = Verb::count,
                         .key = std::move(rate),
                         .term = options.rate_window,
                         .counts = {joins ? 1U : 0U}});
    return asked;
}

policy::Past read_past(const Outcomes& outcomes) {
    policy::Past past;
    if (outcomes.size() != 3 + 2 * policy::scopes) return past;
    if (outcomes[0].found) {
        past.block = policy::parse_short_block(outcomes[0].value);
        past.block_age = outcomes[0].age;
    }
    past.client = evidence_in(outcomes[1]);
    past.network = evidence_in(outcomes[2]);
    for (std::size_t scope = 0; scope < policy::scopes; ++scope) {
        past.at_once[scope] = outcomes[3 + scope].counts[0];
        past.in_window[scope] = outcomes[3 + policy::scopes + scope].counts;
    }
    return past;
}

Operations held_by(const IpAddress& client, bool here) {
    Operations held;
    for (std::string& live : keys_of(live_space, client))
        held.push_back({.verb = Verb::hold, .key = std::move(live), .amount = here ? 1 : -1});
    return held;
}

Operations departure_of(const IpAddress& client, const policy::PastOptions& options,
                        const Departure& departure) {
    Operations told = held_by(client, false);
    if (const policy::Evidence evidence = policy::evidence_of(departure.conduct); evidence.sum() > 0)
        for (const std::string& where :
             {client_key(reputation_space, client), network_key(reputation_space, client)})
            told.push_back({.verb = Verb::weigh,
                            .key = where,
                            .term = options.reputation_half_life,
                            .good = evidence.good,
                            .bad = evidence.bad});
    if (departure.counts != policy::RateCounts{})
        for (std::string& rate : keys_of(rate_space, client))
            told.push_back({.verb = Verb::count,
                            .key = std::move(rate),
                            .term = options.rate_window,
                            .counts = departure.counts});
    if (departure.block)
        told.push_back({.verb = Verb::put,
                        .key = client_key(block_space, client),
                        .value = policy::to_text(*departure.block),
                        .term = policy::memory_of(*departure.block)});
    return told;
}

}  // namespace sluice::store
