// The two sides of systemd that a service sees: sd_notify(3) and sd_listen_fds(3).
//
// Both are stable, documented interfaces of an environment variable and a few lines, and are spoken here
// directly: libsystemd would bring five libraries (compression, cryptography) into every process that faces
// the network.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/process/listeners.hpp"
#include "base/time.hpp"

namespace sluice::app {

/// Tells the service manager, where there is one: "READY=1", or several such lines.
void notify_service_manager(std::string_view state);

/// How often the service manager wants to hear "WATCHDOG=1" from this process; nothing = never.
std::optional<Millis> watchdog_interval();

/// The sockets that whoever executed this process passed on (LISTEN_FDS, from descriptor 3 on), with their
/// names (LISTEN_FDNAMES), "" where there are none.
std::vector<PassedSocket> passed_sockets();

/// A variable of the environment, "" when it is not set.
std::string environment(const char* name);

}  // namespace sluice::app
