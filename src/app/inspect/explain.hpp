// What would happen to a client that came now, found out as a worker does: the same operations on the memory,
// the same questions to DNS, the same pure functions (src/policy).
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/config/config.hpp"
#include "app/config/lines.hpp"
#include "base/ip.hpp"
#include "policy/place.hpp"
#include "policy/reputation.hpp"
#include "policy/signal_catalogue.hpp"
#include "policy/verdict.hpp"

namespace sluice::app {

/// A client and what it says; what it has not said is empty.
struct Presented {
    IpAddress client;
    std::string helo;
    std::optional<std::string> sender;    // empty = a bounce's
    std::vector<std::string> recipients;  // of one transaction, in their order
    std::vector<policy::SignalId> shown;  // it is judged as if it showed these, too
};

/// A signal and where it comes from.
struct Noticed {
    policy::Signal signal;
    std::string source;               // "store", "dns, sluice.toml:12", "as if"
    std::optional<Seconds> age = {};  // of what is remembered
};

/// The operator's word, which decides the lane alone.
struct Word {
    policy::Lane lane = policy::Lane::fast;
    std::string network;
    std::string source;  // "act of root: spam", "sluice.toml:12"
    std::optional<Seconds> age = {};
    std::optional<Seconds> left = {};  // nothing = for ever
};

/// What is remembered of one of those whose conduct counts: the client, its network, ASN or country.
struct Remembered {
    std::string whose;  // "192.0.2.7", "192.0.2.0/24", "AS64500", "DE"
    policy::Evidence evidence;
    Seconds age{0};
};

struct Explanation {
    std::string name;  // of the client, forward-confirmed; empty = none is looked for, or found
    policy::Place place = {};
    std::vector<Remembered> evidence = {};
    std::optional<Word> word = {};
    std::vector<Noticed> signals = {};
    policy::Verdict verdict = {};
    std::vector<std::string> remarks = {};  // what could not be found out, and what else is remembered
};

/// Waits for the memory and for DNS, for as long as a worker's session would, or some seconds. What they do
/// not answer is no reason to fail: a remark says so. `config` outlives the explanation.
Explanation explain_client(const Config& config, const ConfigLines& lines, const Presented& presented);

}  // namespace sluice::app
