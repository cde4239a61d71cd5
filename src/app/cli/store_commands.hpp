// The commands that look into the memory of the running Sluice and change it. All return an exit code, print
// errors to standard error or throw StartError.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "app/config/run_flags.hpp"

namespace sluice::app {

struct ActFlags {
    RunFlags run;         // name the Sluice by its file or its state directory
    std::string network;  // "192.0.2.0/24", or an address; the command line takes nothing else
    std::string lane = "reject";
    std::string duration;  // "1h"; empty = for ever
    std::string why;
};

struct ForgetFlags {
    RunFlags run;
    std::string network;      // as in ActFlags
    bool act = false;         // only that; with `reputation` both
    bool reputation = false;  // only that
    bool dry_run = false;     // it is only said what would go
};

/// `sluice allow`: the network is in the fast lane, whatever else is known of it.
int allow(const ActFlags& flags);
/// `sluice block`: the network is in `lane`.
int block(const ActFlags& flags);
/// `sluice unblock`: ends a block of the operator's and a short-term block. Fails while a larger network that
/// is blocked holds this one.
int unblock(const ActFlags& flags);
/// `sluice forget`: what was said of the network, and what is remembered of it.
int forget(const ForgetFlags& flags);
/// `sluice acts`.
int list_acts(const RunFlags& flags);

struct ReputationFlags {
    RunFlags run;
    std::string network;     // or "AS64500", or "DE"; empty = the best and the worst
    std::size_t count = 10;  // of those
};
int show_reputation(const ReputationFlags& flags);
int reset_reputation(const ReputationFlags& flags);

struct RecordFlags {
    RunFlags run;
    std::string what;         // an origin, a recipient
    std::size_t limit = 100;  // of a list
};
int list_greylist(const RecordFlags& flags);
int forget_greylist(const RecordFlags& flags);
int show_cache(const RecordFlags& flags);
/// Of one recipient, or all.
int purge_cache(const RecordFlags& flags);

/// `sluice state dump`: every record as a line of JSON.
int dump_state(const RunFlags& flags);
/// `sluice state load`: the same, from standard input.
int load_state(const RunFlags& flags);

struct ExplainFlags {
    RunFlags run;
    std::string address;  // IPv4 or IPv6; the command line takes nothing else
    std::string helo;
    std::optional<std::string> sender;  // "<>" and "" = a bounce's
    std::vector<std::string> recipients;
    std::vector<std::string> shown;  // names of signals that exist
    bool json = false;
};
/// `sluice explain`: what would happen to a client now, and why.
int explain(const ExplainFlags& flags);

}  // namespace sluice::app
