#include "store/past_operations.hpp"

#include <gtest/gtest.h>
#include <map>

#include "store/keys.hpp"
#include "store/live_counts.hpp"
#include "store/record.hpp"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

/// A store without a process around it.
class Memory {
  public:
    Outcomes perform(const Operations& operations) {
        Outcomes outcomes;
        for (const Operation& operation : operations) {
            if (operation.verb == Verb::hold) {
                outcomes.emplace_back().counts[0] = live_.hold(held_, operation.key, operation.amount);
            } else {
                outcomes.push_back(apply(operation, records_[operation.key], now));
            }
        }
        return outcomes;
    }
    WallMillis now = 1'700'000'000'000;

  private:
    std::map<std::string, std::optional<Record>> records_;
    LiveCounts live_{100};
    LiveCounts::Held held_;
};

/// Options with a limit for everything.
policy::PastOptions everything() {
    policy::PastOptions options;
    for (policy::RateLimits& limits : options.limits)
        limits = {.at_once = 50, .in_window = {100}};
    return options;
}
const policy::PastOptions options = everything();
const policy::Place nowhere;
IpAddress address(std::string_view text) {
    return IpAddress::parse(text).value();
}

TEST(PastOperations, Keys) {
    EXPECT_EQ(client_key(rate_space, address("192.0.2.7")), "rate/192.0.2.7");
    EXPECT_EQ(network_key(rate_space, address("192.0.2.7")), "rate/192.0.2.0/24");
    EXPECT_EQ(client_key(rate_space, address("2001:db8:1:2:3::4")), "rate/2001:db8:1:2::");
    EXPECT_EQ(network_key(rate_space, address("2001:db8:1:2:3::4")), "rate/2001:db8:1::/48");
    EXPECT_EQ(everybody_key(rate_space), "rate/all");
    EXPECT_EQ(asn_key(reputation_space, {.asn = 64'500}), "reputation/AS64500");
    EXPECT_EQ(country_key(reputation_space, {.country = {'D', 'E'}}), "reputation/DE");
}

TEST(PastOperations, SessionsOfAClient) {
    Memory memory;
    const IpAddress client = address("192.0.2.7"), neighbour = address("192.0.2.8"),
                    other = address("198.51.100.1");
    const auto arrive = [&](const IpAddress& who) {
        return read_past(memory.perform(past_of(who, nowhere, options, Arrival::joins)), nowhere, options);
    };
    arrive(client);
    arrive(neighbour);
    arrive(other);
    const policy::Past past = arrive(client);
    EXPECT_EQ(past.at_once, (std::array<std::uint32_t, 3>{2, 3, 4}));
    EXPECT_EQ(past.in_window[0][0], 2U);
    EXPECT_EQ(past.in_window[1][0], 3U);
    EXPECT_EQ(past.in_window[2][0], 4U);
    memory.perform(departure_of(client, nowhere, options, {.conduct = {}, .counts = {0, 3, 5}}));
    const policy::Past later =
        read_past(memory.perform(past_of(client, nowhere, options, Arrival::looks)), nowhere, options);
    EXPECT_EQ(later.at_once, (std::array<std::uint32_t, 3>{1, 2, 3}));
    EXPECT_EQ(later.in_window[0], (policy::RateCounts{2, 3, 5}));
    EXPECT_EQ(later.evidence.client, policy::Evidence{});
    memory.now += 60'000;
    EXPECT_EQ(read_past(memory.perform(past_of(client, nowhere, options, Arrival::looks)), nowhere, options)
                  .in_window[0][1],
              0U);
}

TEST(PastOperations, ConductIsRememberedOfAddressAndNetwork) {
    Memory memory;
    const IpAddress client = address("192.0.2.7"), neighbour = address("192.0.2.8");
    memory.perform(departure_of(client, nowhere, options,
                                {.conduct = {.traps = 1}, .block = policy::ShortBlock{2, "trap"}}));
    const policy::Past past =
        read_past(memory.perform(past_of(client, nowhere, options, Arrival::looks)), nowhere, options);
    EXPECT_EQ(past.evidence.client, (policy::Evidence{0, 4}));
    EXPECT_EQ(past.evidence.network, (policy::Evidence{0, 4}));
    EXPECT_EQ(past.block, (policy::ShortBlock{2, "trap"}));
    EXPECT_TRUE(past.blocked());
    const policy::Past next =
        read_past(memory.perform(past_of(neighbour, nowhere, options, Arrival::looks)), nowhere, options);
    EXPECT_EQ(next.evidence.client, policy::Evidence{});
    EXPECT_EQ(next.evidence.network, (policy::Evidence{0, 4}));
    EXPECT_FALSE(next.block);
    memory.now += Millis(1h).count();
    const policy::Past over =
        read_past(memory.perform(past_of(client, nowhere, options, Arrival::looks)), nowhere, options);
    EXPECT_FALSE(over.blocked());
    EXPECT_TRUE(over.block) << "for the next one to be longer";
}

TEST(PastOperations, ConductIsRememberedOfWhereItIsFrom) {
    Memory memory;
    const policy::Place place{.asn = 64'500, .country = {'D', 'E'}};
    const policy::Place neighbour{.asn = 64'501, .country = {'D', 'E'}};
    memory.perform(departure_of(address("192.0.2.7"), place, options, {.conduct = {.traps = 1}}));
    const auto past = [&](const policy::Place& where) {
        return read_past(memory.perform(past_of(address("198.51.100.1"), where, options, Arrival::looks)),
                         where, options);
    };
    const policy::Past same = past(place);
    EXPECT_EQ(same.place, place);
    EXPECT_EQ(same.evidence, (policy::Evidences{{}, {}, {0, 4}, {0, 4}}));
    EXPECT_EQ(past(neighbour).evidence, (policy::Evidences{{}, {}, {}, {0, 4}}));
    EXPECT_EQ(past({.asn = 64'500}).evidence, (policy::Evidences{{}, {}, {0, 4}, {}}));
    EXPECT_EQ(past({.country = {'D', 'E'}}).evidence, (policy::Evidences{{}, {}, {}, {0, 4}}));
    EXPECT_EQ(past(nowhere).evidence, policy::Evidences{});
}

TEST(PastOperations, WhatFollowsTheEvidenceIsReadWhereverItIsFrom) {
    Memory memory;
    const IpAddress client = address("192.0.2.7");
    const policy::Place place{.asn = 64'500, .country = {'D', 'E'}};
    memory.perform(past_of(client, place, options, Arrival::joins));
    const policy::Past past =
        read_past(memory.perform(past_of(client, place, options, Arrival::joins)), place, options);
    EXPECT_EQ(past.at_once, (std::array<std::uint32_t, 3>{2, 2, 2}));
    EXPECT_EQ(past.in_window[2][0], 2U);
    EXPECT_EQ(past_of(client, place, options, Arrival::joins).size(),
              past_of(client, nowhere, options, Arrival::joins).size() + 2);
}

TEST(PastOperations, HeldAndLetGo) {
    Memory memory;
    const IpAddress client = address("192.0.2.7");
    memory.perform(held_by(client, options, true));
    EXPECT_EQ(read_past(memory.perform(past_of(client, nowhere, options, Arrival::looks)), nowhere, options)
                  .at_once[0],
              1U);
    memory.perform(held_by(client, options, false));
    EXPECT_EQ(read_past(memory.perform(past_of(client, nowhere, options, Arrival::looks)), nowhere, options)
                  .at_once[2],
              0U);
}

TEST(PastOperations, WhatHasNoLimitIsNotCounted) {
    const IpAddress client = address("192.0.2.7");
    policy::PastOptions none;
    none.limits = {};
    EXPECT_EQ(past_of(client, nowhere, none, Arrival::joins).size(), 3U);
    EXPECT_EQ(past_of(client, nowhere, {}, Arrival::joins).size(), 4U) << "by default, sessions of a client";
    EXPECT_TRUE(departure_of(client, nowhere, none, {.conduct = {}, .counts = {1, 1}}).empty());
    Memory memory;
    policy::PastOptions network_only;
    network_only.limits = {};
    network_only.limits[1] = {.at_once = 1, .in_window = {0, 5}};
    memory.perform(past_of(client, nowhere, network_only, Arrival::joins));
    const policy::Past past = read_past(
        memory.perform(past_of(client, nowhere, network_only, Arrival::joins)), nowhere, network_only);
    EXPECT_EQ(past.at_once, (std::array<std::uint32_t, 3>{0, 2, 0}));
    EXPECT_EQ(past.in_window[1][0], 2U);
    EXPECT_EQ(past.in_window[0][0] + past.in_window[2][0], 0U);
}

TEST(PastOperations, MissingOutcomesAreNoPast) {
    const policy::Past past = read_past({}, nowhere, options);
    EXPECT_FALSE(past.blocked());
    EXPECT_EQ(past.evidence.client, policy::Evidence{});
}

}  // namespace
}  // namespace sluice::store
