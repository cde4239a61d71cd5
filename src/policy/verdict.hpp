// The verdict on a client: its lane, and the signals that led there.
//
// A pure function. Facts are gathered elsewhere, all at once and each with a deadline; a fact that could not
// be had is absent. The verdict is formed anew at every stage, so a session can be promoted or demoted on the
// way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/ip.hpp"
#include "smtp/reply.hpp"

namespace sluice::policy {

/// The treatment of a session.
enum class Lane : std::uint8_t {
    fast,    // full speed, served first
    slow,    // replies trickle, inside the timers of RFC 5321
    defer,   // recipients are answered 450 4.7.1: come back later
    reject,  // recipients are answered 550 5.7.1
};

std::string_view name_of(Lane lane);
std::optional<Lane> lane_named(std::string_view name);

/// The use of a verdict.
enum class Mode : std::uint8_t {
    enforce,
    observe,  // it is only logged, and every client is treated as fast
};

/// The time for which a signal stands: the session, until the client says another HELO name, or until the
/// transaction ends. A narrower scope ends with each wider one.
enum class SignalScope : std::uint8_t { session, hello, transaction };

/// The source of a signal, by the cost of asking it: the client's own words and what the worker knows, the
/// store, DNS.
enum class Source : std::uint8_t { known, store, dns };
inline constexpr std::size_t sources = 3;

/// A fact noticed about a client. `weight` > 0 counts against it, < 0 for it.
struct Signal {
    std::string_view name;  // as in the catalogue, or a note of weight 0: "network", "tls"; static storage
    std::string_view what;  // zone or network as configured; configuration storage; may be empty
    std::string value;      // "127.0.0.4", "17"; may be empty
    int weight = 0;
    bool counted = true;  // false: it is only observed, and its weight is only logged
    SignalScope scope = SignalScope::session;
    Source source = Source::known;
};

/// The scores at which a client changes lane; 0 = never. `fast` is how far below zero a score has to be for
/// good signs to take a client out of a default lane that is not fast.
struct Thresholds {
    int fast = 10;
    int slow = 10;
    int defer = 0;
    int reject = 0;
    int content_slow = 40;  // where pace.content is "slow"
};

struct Verdict {
    Lane lane = Lane::fast;
    int score = 0;
};

/// The reply to each recipient of a client in lane defer or reject. It names the lists that hold the client,
/// so that an honest sender knows where to ask.
smtp::Reply refusal(Lane lane, const IpAddress& client, std::span<const Signal> signals);

/// The lane is `network_lane` if a [policy.networks] list holds the client, and nothing else counts.
/// Otherwise the sum of the counted signals' weights decides by the highest threshold that it reaches (reject
/// before defer before slow, whatever the order of their values), and without any threshold reached it is
/// `default_lane`.
Verdict judge(std::optional<Lane> network_lane, std::span<const Signal> signals, const Thresholds& thresholds,
              Lane default_lane);

}  // namespace sluice::policy
