// From facts to a verdict: which lane a client is in, and the signals that led there.
//
// A pure function: facts are gathered elsewhere, all at once and each with a deadline, and a fact that could
// not be had is simply absent. It is asked again at every stage, so a session can be promoted or demoted on
// the way.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/ip.hpp"
#include "smtp/reply.hpp"

namespace sluice::policy {

/// How a session is treated.
enum class Lane : std::uint8_t {
    fast,    // full speed, served first
    slow,    // a trickle in both directions, kept inside RFC 5321 timers
    defer,   // recipients are answered 450 4.7.1: come back later
    reject,  // recipients are answered 550 5.7.1
};

std::string_view name_of(Lane lane);
std::optional<Lane> lane_named(std::string_view name);

/// What a verdict is for.
enum class Mode : std::uint8_t {
    enforce,
    observe,  // it is logged, and every client is treated as fast
};

/// Something noticed about a client. `weight` > 0 speaks against it, < 0 for it.
struct Signal {
    std::string_view name;  // as in the catalogue, or a note of weight 0: "network", "tls"; static storage
    std::string_view what;  // zone or network as configured; configuration storage; may be empty
    std::string value;      // "127.0.0.4", "17"; may be empty
    int weight = 0;
    bool counted = true;  // false: it is only observed, and its weight is for the log
};

/// Scores at which a client changes lane; 0 = never. `fast` is how far below zero a score has to be: good
/// signs that outweigh the bad ones take a client out of a default lane that is not fast.
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

/// What the recipients of a client in lane defer or reject are answered. It names the lists that speak
/// against the client, so that an honest sender knows where to ask.
smtp::Reply refusal(Lane lane, const IpAddress& client, std::span<const Signal> signals);

/// The lane: `network_lane` if a [policy.networks] list holds the client, and it decides alone; else by the
/// sum of the counted signals' weights, the highest threshold reached (reject before defer before slow,
/// whatever their order); else `default_lane`.
Verdict judge(std::optional<Lane> network_lane, std::span<const Signal> signals, const Thresholds& thresholds,
              Lane default_lane);

}  // namespace sluice::policy
