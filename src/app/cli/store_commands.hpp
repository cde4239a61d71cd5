// The commands that read and change the store of the running Sluice. All return an exit code; they print
// errors to standard error or throw StartError.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "app/config/run_flags.hpp"

namespace sluice::app {

struct ActFlags {
    RunFlags run;         // identify the Sluice by its file or its state directory
    std::string network;  // "192.0.2.0/24", or an address; the command line accepts nothing else
    std::string lane = "reject";
    std::string duration;  // "1h"; empty = no end
    std::string why;
};

struct ForgetFlags {
    RunFlags run;
    std::string network;      // as in ActFlags
    bool act = false;         // only the act; with `reputation` both
    bool reputation = false;  // only the reputation
    bool dry_run = false;     // only print what would be erased
};

/// `sluice allow`: puts the network into the fast lane, whatever else is known about it.
int allow(const ActFlags& flags);
/// `sluice block`: puts the network into `lane`.
int block(const ActFlags& flags);
/// `sluice unblock`: ends an operator's block and a short-term block. Fails while a larger blocked network
/// contains this one.
int unblock(const ActFlags& flags);
/// `sluice forget`: erases the operator's act on the network, and what is remembered about it.
int forget(const ForgetFlags& flags);
/// `sluice acts`: lists the operator's acts in force.
int list_acts(const RunFlags& flags);

struct ReputationFlags {
    RunFlags run;
    std::string network;     // or "AS64500", or "DE"; empty = the best and the worst
    std::size_t count = 10;  // the number of the best and of the worst
};
int show_reputation(const ReputationFlags& flags);
int reset_reputation(const ReputationFlags& flags);

struct RecordFlags {
    RunFlags run;
    std::string what;         // an origin, a recipient
    std::size_t limit = 100;  // the most entries in a list
};
int list_greylist(const RecordFlags& flags);
int forget_greylist(const RecordFlags& flags);
int show_cache(const RecordFlags& flags);
/// Erases the records of one recipient, or of all.
int purge_cache(const RecordFlags& flags);

/// `sluice state dump`: writes every record as a line of JSON.
int dump_state(const RunFlags& flags);
/// `sluice state load`: reads such lines from standard input.
int load_state(const RunFlags& flags);

struct ExplainFlags {
    RunFlags run;
    std::string address;  // IPv4 or IPv6; the command line accepts nothing else
    std::string helo;
    std::optional<std::string> sender;  // "<>" and "" = a bounce's sender
    std::vector<std::string> recipients;
    std::vector<std::string> shown;  // names of existing signals
    bool json = false;
};
/// `sluice explain`: prints what would happen to a client now, and why.
int explain(const ExplainFlags& flags);

}  // namespace sluice::app
