// The restrictions on a worker that serves clients: a user of its own, no capabilities, access only to what
// it needs, and no system call that it does not need.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "guard/landlock.hpp"
#include "guard/privileges.hpp"

namespace sluice::guard {

struct Sandbox {
    std::optional<User> user;  // to become; none = keep the current user
    Reach reach;
};

/// Enters the sandbox, for good; must be called before the process has a second thread. Descriptors stay
/// open, and their limit stays and cannot be raised. Returns what this kernel cannot restrict, for the log.
/// Throws std::system_error.
std::vector<std::string> enter(const Sandbox& sandbox);

/// Closes every descriptor above standard error except these.
void close_all_but(std::vector<int> kept);

}  // namespace sluice::guard
