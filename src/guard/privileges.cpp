#include "guard/privileges.hpp"

#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <system_error>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <vector>

#include "guard/sanitizers.hpp"

namespace sluice::guard {

namespace {

using Capabilities = std::unique_ptr<_cap_struct, int (*)(void*)>;

void check(bool done, const char* what) {
    if (!done) throw std::system_error(errno, std::generic_category(), what);
}

bool has(const Capabilities& all, cap_value_t each, cap_flag_t set) {
    cap_flag_value_t value = CAP_CLEAR;
    return cap_get_flag(all.get(), each, set, &value) == 0 && value == CAP_SET;
}

std::vector<gid_t> groups_of(const std::string& name, gid_t group) {
    std::vector<gid_t> groups(64);
    for (;;) {
        auto count = static_cast<int>(groups.size());
        const bool all = ::getgrouplist(name.c_str(), group, groups.data(), &count) >= 0;
        groups.resize(static_cast<std::size_t>(count));
        if (all) return groups;
    }
}

}  // namespace

std::optional<User> find_user(const std::string& name) {
    std::vector<char> buffer(16'384);
    passwd entry{};
    passwd* found = nullptr;
    int error = 0;
    while ((error = ::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found)) == ERANGE)
        buffer.resize(buffer.size() * 2);
    if (found != nullptr) return User{name, entry.pw_uid, entry.pw_gid, groups_of(name, entry.pw_gid)};
    // According to getpwnam(3), these errors can also mean that there is no such name.
    if (error == 0 || error == ENOENT || error == ESRCH || error == EBADF || error == EPERM)
        return std::nullopt;
    throw std::system_error(error, std::generic_category(), "getpwnam " + name);
}

void become(const User& user) {
    check(::setgroups(user.groups.size(), user.groups.data()) == 0, "setgroups");
    check(::setresgid(user.group, user.group, user.group) == 0, "setresgid");
    check(::setresuid(user.id, user.id, user.id) == 0, "setresuid");
}

void keep_capabilities(std::span<const cap_value_t> kept) {
    const Capabilities before(cap_get_proc(), cap_free);
    const Capabilities after(cap_init(), cap_free);
    check(before && after, "cap_get_proc");
    for (const cap_value_t each : kept)
        for (const cap_flag_t set : {CAP_PERMITTED, CAP_EFFECTIVE, CAP_INHERITABLE})
            if (has(before, each, set))
                check(cap_set_flag(after.get(), set, 1, &each, CAP_SET) == 0, "cap_set_flag");
    // Without CAP_SETPCAP the bounding set cannot be reduced: then no_new_privs keeps executed programs from
    // gaining capabilities.
    if (has(before, CAP_SETPCAP, CAP_EFFECTIVE))
        for (cap_value_t each = 0; each < cap_max_bits(); ++each)
            if (std::ranges::find(kept, each) == kept.end())
                check(cap_drop_bound(each) == 0, "cap_drop_bound");
    check(cap_set_proc(after.get()) == 0, "cap_set_proc");
}

void keep_to_itself() {
    check(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "no_new_privs");
    const rlimit none{.rlim_cur = 0, .rlim_max = 0};
    check(::setrlimit(RLIMIT_CORE, &none) == 0, "RLIMIT_CORE");
    if (!sanitized) check(::prctl(PR_SET_DUMPABLE, 0) == 0, "PR_SET_DUMPABLE");
}

}  // namespace sluice::guard
