// The commands, each with its flags as a value. All return an exit code and print errors to standard error.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "app/config/run_flags.hpp"

namespace sluice::app {

/// `sluice run`: the supervisor and its workers, until SIGTERM or SIGINT.
int run(const RunFlags& flags);

/// `sluice reload`: the running Sluice is to read its configuration again. `flags` name it by its file or its
/// state directory.
int reload(const RunFlags& flags);
/// `sluice upgrade`: the running Sluice is to give way to the binary that now stands where its own did.
int upgrade(const RunFlags& flags);

/// `sluice metrics`: what the running Sluice has counted, for Prometheus.
int print_metrics(const RunFlags& flags);

struct SessionsFlags {
    RunFlags run;
    std::string lane;      // empty = all
    std::size_t top = 20;  // sessions that are named, of those that have lasted longest
};
/// `sluice sessions`: what the workers hold now.
int list_sessions(const SessionsFlags& flags);

struct FindFlags {
    RunFlags run;                    // names the log by its file
    std::string what;                // a mail address, a network, a name
    std::string since;               // "2d", "2026-11-30"; empty = all
    std::vector<std::string> files;  // in place of the configuration's; "-" = standard input
    bool print_guide = false;
};

/// `sluice find`: what the log says of somebody.
int find_in_log(const FindFlags& flags);

struct CheckFlags {
    RunFlags run;  // what would be run
    bool probe = true;
    bool print_defaults = false;
    bool print_reference = false;
    bool print_postconf = false;
    bool print_master_cf = false;
    std::string postfix_directory;  // of its main.cf and master.cf; empty = where Postfix looks
};

/// `sluice check`.
int check(const CheckFlags& flags);

struct SinkFlags {
    std::vector<std::string> listen = {"127.0.0.1:2526"};
    std::string maildir;
    std::string recipients;  // a file; empty = everybody exists
    std::string hostname = "sink.localhost";
    std::string log = "json";
};

/// `sluice sink`: one process, until SIGTERM or SIGINT.
int sink(const SinkFlags& flags);

}  // namespace sluice::app
