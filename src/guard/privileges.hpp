// Users and capabilities (capabilities(7)), and how a process gives up its own.
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
    std::vector<gid_t> groups = {};  // all groups that the user belongs to
};

/// Looks the user up in the system's databases; none = there is no such user. Throws std::system_error when
/// they cannot be read.
std::optional<User> find_user(const std::string& name);

/// Becomes the user with its groups, and leaves all others, for good. Requires root. Throws
/// std::system_error.
void become(const User& user);

/// Gives up all capabilities except those of `kept` that this process has, for itself and for programs that
/// it executes. Throws std::system_error.
void keep_capabilities(std::span<const cap_value_t> kept);

/// Programs that this process executes cannot gain rights (no_new_privs). It leaves no core dump, and no
/// process without CAP_SYS_PTRACE can read its memory, because there are private keys in it. Throws
/// std::system_error.
void keep_to_itself();

}  // namespace sluice::guard
