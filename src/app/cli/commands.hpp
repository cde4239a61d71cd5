// The commands, each with its flags as a struct. All return an exit code and print errors to standard error.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "app/config/run_flags.hpp"

namespace sluice::app {

/// `sluice run`: the supervisor and its workers, until SIGTERM or SIGINT.
int run(const RunFlags& flags);

/// `sluice reload`: makes the running Sluice read its configuration again. `flags` identify it by its file or
/// its state directory.
int reload(const RunFlags& flags);
/// `sluice upgrade`: makes the running Sluice give way to the binary now at its own path.
int upgrade(const RunFlags& flags);

/// `sluice metrics`: prints the running Sluice's counters, for Prometheus.
int print_metrics(const RunFlags& flags);

struct SessionsFlags {
    RunFlags run;
    std::string lane;      // empty = all
    std::size_t top = 20;  // the number of sessions to list, the longest first
};
/// `sluice sessions`: prints what the workers hold now.
int list_sessions(const SessionsFlags& flags);

struct FindFlags {
    RunFlags run;                    // identifies the log by its configuration file
    std::string what;                // a mail address, a network, a name
    std::string since;               // "2d", "2026-11-30"; empty = all
    std::vector<std::string> files;  // replace the configuration's; "-" = standard input
    bool print_guide = false;
};

/// `sluice find`: prints what the log says about one subject.
int find_in_log(const FindFlags& flags);

struct CheckFlags {
    RunFlags run;  // the flags of the `sluice run` to check
    bool probe = true;
    bool print_defaults = false;
    bool print_reference = false;
    bool print_postconf = false;
    bool print_master_cf = false;
    std::string postfix_directory;  // of main.cf and master.cf; empty = Postfix's default
};

/// `sluice check`.
int check(const CheckFlags& flags);

struct SinkFlags {
    std::vector<std::string> listen = {"127.0.0.1:2526"};
    std::string maildir;
    std::string recipients;  // a file; empty = every recipient exists
    std::string hostname = "sink.localhost";
    std::string log = "json";
};

/// `sluice sink`: one process, until SIGTERM or SIGINT.
int sink(const SinkFlags& flags);

}  // namespace sluice::app
