// The flags of `sluice run`, laid over the file.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/config/config.hpp"

namespace sluice::app {

/// The flags as given. An absent one keeps the file's value, or the default.
struct RunFlags {
    std::string config;               // a file; empty = the defaults
    std::vector<std::string> listen;  // each ADDRESS:PORT; replaces the file's list
    std::vector<std::string> relay;   // each ADDRESS:PORT; replaces the file's MTAs, with default settings
    std::optional<unsigned> workers;
    std::optional<std::string> state_dir;
    std::optional<std::string> log;  // "json" or "pretty"
};

/// The configuration to run with: the file, the flags over it, finish_config().
ConfigResult<Config> configure(const RunFlags& flags);

}  // namespace sluice::app
