// One configuration with all that workers need to run with it. A reload makes the next generation, and drops
// it whole when something in it is wrong.
#pragma once

#include <memory>
#include <optional>

#include "app/config/config.hpp"
#include "app/generation/certificates.hpp"
#include "app/generation/registers.hpp"
#include "app/process/event_log.hpp"
#include "app/process/log_file.hpp"
#include "guard/sandbox.hpp"

namespace sluice::app {

struct Generation {
    unsigned number = 1;
    Config config;
    std::optional<guard::User> user;  // of the workers; none = the supervisor's user
    std::shared_ptr<const LogFile> log_file;
    std::unique_ptr<const Certificates> certificates;  // null = none
    std::shared_ptr<const Registers> registers;        // null = none

    unsigned workers() const;
};

/// The user that workers change to. Nothing when they keep the starting user: no user is configured, or the
/// process is not root and could not change. Throws StartError when the user does not exist.
std::optional<guard::User> workers_user(const Config& config);

/// Opens and reads everything else that `config` names, and makes its directories. `registers` belong to it.
/// State that sessions must find again in the next generation, and an unchanged log file, come from `before`,
/// which may be null. Throws StartError.
std::shared_ptr<Generation> make_generation(Config config, std::shared_ptr<const Registers> registers,
                                            const Generation* before);

/// A log whose lines are written at once or not at all; for processes without a log thread.
EventLog events_of(const Generation& generation);

/// The sandbox of a generation's workers, and that of its store process.
guard::Sandbox sandbox_of(const Generation& generation);
guard::Sandbox store_sandbox_of(const Generation& generation);

/// Throws StartError when this process cannot write to the directory for large messages.
void require_spool(const Config& config);

}  // namespace sluice::app
