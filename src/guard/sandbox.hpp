// What a worker is once it serves clients: a user of its own, no capabilities, nothing in reach but what it
// needs, and no system call that it has no use for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "guard/landlock.hpp"
#include "guard/privileges.hpp"

namespace sluice::guard {

struct Sandbox {
    std::optional<User> user;  // to become; none = stay who we are
    Reach reach;
};

/// Enters, for good; to be called before the process has a second thread. Descriptors stay open, and the
/// limit of how many stays where it is and cannot be raised. Returns what this kernel cannot restrict, for
/// the log. Throws std::system_error.
std::vector<std::string> enter(const Sandbox& sandbox);

/// Closes every descriptor above standard error but these.
void close_all_but(std::vector<int> kept);

}  // namespace sluice::guard
