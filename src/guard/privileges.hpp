// Users and capabilities (capabilities(7)), and how a process gives them up.
#pragma once

#include <sys/capability.h>
#include <sys/types.h>

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sluice::guard {

struct User {
    std::string name;
    uid_t id = 0;
    gid_t group = 0;
    std::vector<gid_t> groups = {};  // all that it was put into
};

/// As the system's databases have it; none = there is no such user. Throws std::system_error when they cannot
/// be read.
std::optional<User> find_user(const std::string& name);

/// Takes on the user and its groups, and leaves all others, for good. Needs root's rights. Throws
/// std::system_error.
void become(const User& user);

/// Gives up all capabilities but those of `kept` that this process has, for itself and what it will execute.
/// Throws std::system_error.
void keep_capabilities(std::span<const cap_value_t> kept);

/// Nothing this process executes can gain rights (no_new_privs); it leaves no core dump, and nobody without
/// CAP_SYS_PTRACE can look into its memory: there are private keys in it. Throws std::system_error.
void keep_to_itself();

}  // namespace sluice::guard
