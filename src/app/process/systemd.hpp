// The two systemd interfaces that a service uses: sd_notify(3) and sd_listen_fds(3).
//
// Both are stable and documented, and consist of an environment variable and a few lines. Sluice implements
// them directly: libsystemd would bring five libraries (compression, cryptography) into every process that
// faces the network.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/process/listeners.hpp"
#include "base/time.hpp"

namespace sluice::app {

/// Tells the service manager, if there is one, "READY=1" or several such lines.
void notify_service_manager(std::string_view state);

/// The interval at which the service manager expects "WATCHDOG=1" from this process; nothing = never.
std::optional<Millis> watchdog_interval();

/// The sockets that the executing process passed on (LISTEN_FDS, from descriptor 3 on), with their names
/// (LISTEN_FDNAMES); "" for a socket without a name.
std::vector<PassedSocket> passed_sockets();

/// The value of an environment variable, "" when it is not set.
std::string environment(const char* name);

}  // namespace sluice::app
