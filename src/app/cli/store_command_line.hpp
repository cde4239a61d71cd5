// The command line of the commands that read and change the store (store_commands.hpp).
#pragma once

#include <functional>

#include "app/cli/store_commands.hpp"

namespace CLI {
class App;
}

namespace sluice::app {

/// Adds the flags that identify a running Sluice.
void add_ask_flags(CLI::App& command, RunFlags& flags);

/// The flags of whichever command was given.
struct StoreCommandFlags {
    RunFlags run;
    ActFlags act;
    ForgetFlags forget;
    ReputationFlags reputation;
    RecordFlags record;
    ExplainFlags explain;
};

/// After parsing, `chosen` is to be called. It refers to `flags`, which outlive `app`.
void add_store_commands(CLI::App& app, StoreCommandFlags& flags, std::function<int()>& chosen);

}  // namespace sluice::app
