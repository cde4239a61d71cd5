// The memory of a client at connect, and the signals that follow from it. No I/O: src/store holds the memory,
// and store/past_operations.hpp has the operations for it.
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

/// The events that are counted in a window of time: those of Postfix's anvil(8), and unknown recipients. The
/// store has them in this order.
enum class Rate : std::uint8_t { connections, messages, recipients, tls_sessions, auth, unknown_recipients };
inline constexpr std::size_t rates = 6;
using RateCounts = std::array<std::uint32_t, rates>;
std::string_view name_of(Rate rate);

/// The groups whose sessions are counted together: an address (IPv6: its /64), its network (/24; IPv6: /48),
/// all clients.
enum class Scope : std::uint8_t { client, network, all };
inline constexpr std::size_t scopes = 3;
std::string_view name_of(Scope scope);

/// The limits beyond which concurrent sessions, and events in a window, count against a client; 0 = no limit.
struct RateLimits {
    std::uint32_t at_once = 0;
    RateCounts in_window{};
};

struct Past {
    Place place = {};
    Evidences evidence = {};
    std::optional<ShortBlock> block = {};  // the remembered one, even if it has ended
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

/// The evidence that counts, by its source, in observations: "client 5.0, AS64500 2.1"; empty = next to none.
std::string counted_text(const Place& place, const Evidences& evidence);

/// One signal for each remarkable fact; none for a client of whom nothing is known. The weight of
/// `reputation` holds for a client that is surely bad, and is less where that is less sure.
std::vector<Signal> signals_of(const Past& past, const PastOptions& options, const SignalOptions& weights);

/// Whether the client has delivered mail before and is more likely good than bad, and so is no stranger.
bool is_welcome(const Past& past);

}  // namespace sluice::policy
