// The command line of the commands that look into the memory and change it (store_commands.hpp).
#pragma once

#include <functional>

#include "app/cli/store_commands.hpp"

namespace CLI {
class App;
}

namespace sluice::app {

/// The flags that name a running Sluice.
void add_ask_flags(CLI::App& command, RunFlags& flags);

/// What was given to whichever of the commands it is.
struct StoreCommandFlags {
    RunFlags run;
    ActFlags act;
    ForgetFlags forget;
    ReputationFlags reputation;
    RecordFlags record;
    ExplainFlags explain;
};

/// Once it is parsed, `chosen` is to be called; it refers to `flags`, which outlive `app`.
void add_store_commands(CLI::App& app, StoreCommandFlags& flags, std::function<int()>& chosen);

}  // namespace sluice::app
