// Finds out what would happen to a client that connected now. It drives the case (src/judge) that a session
// drives, and asks the same store and the same DNS.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "app/config/config.hpp"
#include "app/config/lines.hpp"
#include "base/ip.hpp"
#include "judge/check.hpp"
#include "policy/place.hpp"
#include "policy/reputation.hpp"
#include "policy/signal_catalogue.hpp"
#include "policy/verdict.hpp"

namespace sluice::app {

/// A client and what it says; parts that it has not said are empty.
struct Presented {
    IpAddress client;
    std::string helo;
    std::optional<std::string> sender;    // empty = a bounce's sender
    std::vector<std::string> recipients;  // of one transaction, in their order
    std::vector<policy::SignalId> shown;  // signals that the client is assumed to show as well
};

/// A signal and its source.
struct Noticed {
    policy::Signal signal;
    std::string source;               // "store", "dns, sluice.toml:12", "helo", "rcpt", "as if"
    std::optional<Seconds> age = {};  // of a remembered signal
};

/// The operator's decision, which alone determines the lane.
struct Word {
    policy::Lane lane = policy::Lane::fast;
    std::string network;
    std::string source;  // "act of root: spam", "sluice.toml:12"
    std::optional<Seconds> age = {};
    std::optional<Seconds> left = {};  // nothing = no end
};

/// The conduct that is remembered of the client, its network, its ASN or its country: those whose conduct
/// counts.
struct Remembered {
    std::string whose;  // "192.0.2.7", "192.0.2.0/24", "AS64500", "DE"
    policy::Evidence evidence;
    Seconds age{0};
};

struct Explanation {
    std::string name;  // the client's forward-confirmed name; empty = not looked up, or not found
    policy::Place place = {};
    std::vector<Remembered> evidence = {};
    std::optional<Word> word = {};
    std::vector<Noticed> signals = {};
    policy::Verdict verdict = {};
    std::vector<std::string> remarks = {};  // what could not be found out, and other remembered facts
};

/// Waits for the store and for DNS as long as a worker's session would, or some seconds. Missing answers are
/// not a failure: a remark reports them. `config` outlives the explanation.
Explanation explain_client(const Config& config, const ConfigLines& lines, const Presented& presented,
                           std::span<const judge::Check* const> checks = judge::catalogue());

}  // namespace sluice::app
