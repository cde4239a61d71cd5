// One configuration and what it takes to run workers with it: a reload makes the next, and drops it whole
// when something is wrong with it.
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
    std::optional<guard::User> user;  // of the workers; none = that of the supervisor
    std::shared_ptr<const LogFile> log_file;
    std::unique_ptr<const Certificates> certificates;  // null = none
    std::shared_ptr<const Registers> registers;        // null = none

    unsigned workers() const;
};

/// Whom the workers are to be; nothing = whoever starts them: none is configured, or only root could change
/// it. Throws StartError when there is no such user.
std::optional<guard::User> workers_user(const Config& config);

/// Opens and reads what else `config` names, and makes its directories; `registers` are its own. What
/// sessions must find again in the next generation, and the log file where it is the same, comes from
/// `before`, which may be null. Throws StartError.
std::shared_ptr<Generation> make_generation(Config config, std::shared_ptr<const Registers> registers,
                                            const Generation* before);

/// Written at once, or not at all; for who has no thread for a log.
EventLog events_of(const Generation& generation);

/// What the workers of a generation may still do, and its store process.
guard::Sandbox sandbox_of(const Generation& generation);
guard::Sandbox store_sandbox_of(const Generation& generation);

/// Throws StartError when this process cannot write where it is to put large messages.
void require_spool(const Config& config);

}  // namespace sluice::app
