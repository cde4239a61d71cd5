// The commands, each with its flags as a value. All return an exit code and print errors to standard error.
#pragma once

#include <string>
#include <vector>

#include "app/run_flags.hpp"

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
