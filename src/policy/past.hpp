// What is remembered of a client when it connects, and the signals that follow from it. No I/O: src/store
// remembers, and store/past_operations.hpp says by which operations.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "policy/place.hpp"
#include "policy/reputation.hpp"
#include "policy/short_block.hpp"
#include "policy/signal_catalogue.hpp"
#include "policy/verdict.hpp"

namespace sluice::policy {

/// What is counted in a window of time, as Postfix's anvil(8) does, and unknown recipients. In this order in
/// the store.
enum class Rate : std::uint8_t { connections, messages, recipients, tls_sessions, auth, unknown_recipients };
inline constexpr std::size_t rates = 6;
using RateCounts = std::array<std::uint32_t, rates>;
std::string_view name_of(Rate rate);

/// Whose sessions are counted together: an address (IPv6: its /64), its network (/24; IPv6: /48), everybody.
enum class Scope : std::uint8_t { client, network, all };
inline constexpr std::size_t scopes = 3;
std::string_view name_of(Scope scope);

/// How many sessions at once, and how much in a window, before it speaks against a client; 0 = as many as
/// they like.
struct RateLimits {
    std::uint32_t at_once = 0;
    RateCounts in_window{};
};

struct Past {
    Place place = {};
    Evidences evidence = {};
    std::optional<ShortBlock> block = {};  // remembered, whether it still lasts or not
    Seconds block_age{0};
    std::array<std::uint32_t, scopes> at_once{};  // this session included
    std::array<RateCounts, scopes> in_window{};   // this connection included

    bool blocked() const { return block && block_age < duration_of(*block); }
};

struct PastOptions {
    Seconds reputation_half_life{604'800};
    Seconds rate_window{60};
    std::array<RateLimits, scopes> limits{RateLimits{.at_once = 50, .in_window = {}}};
};

/// What counts of whose evidence, in observations: "client 5.0, AS64500 2.1"; empty = next to nothing does.
std::string counted_text(const Place& place, const Evidences& evidence);

/// One for each thing that is remarkable; none for a client of whom nothing is known. The weight of
/// `reputation` is that of one who is surely bad, and less where that is less sure.
std::vector<Signal> signals_of(const Past& past, const PastOptions& options, const SignalOptions& weights);

/// It has delivered mail before, and is more likely good than bad: not a stranger.
bool is_welcome(const Past& past);

}  // namespace sluice::policy
