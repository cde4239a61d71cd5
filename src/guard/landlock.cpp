// Debian 12's headers and kernel know only the first two versions of the interface; the rest is defined here
// after landlock(7), and used where the kernel says that it knows it.
#include "guard/landlock.hpp"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>

#include <cerrno>

#include "guard/sanitizers.hpp"
#include "net/fd.hpp"

namespace sluice::guard {

namespace {

using Rights = std::uint64_t;

// Versions of the interface, and the Linux versions that brought them.
constexpr long renaming_version = 2;  // Linux 5.19
constexpr long truncate_version = 3;  // 6.2
constexpr long tcp_version = 4;       // 6.7
constexpr long ioctl_version = 5;     // 6.10
constexpr long scope_version = 6;     // 6.12

constexpr Rights truncate = 1U << 14U;
constexpr Rights ioctl_on_devices = 1U << 15U;
constexpr Rights bind_tcp = 1U << 0U;
constexpr Rights connect_tcp = 1U << 1U;
constexpr Rights abstract_sockets = 1U << 0U;
constexpr Rights signals = 1U << 1U;

struct Handled {
    Rights files = 0;
    Rights network = 0;
    Rights scoped = 0;
};

struct PortRule {
    Rights allowed = 0;
    std::uint64_t port = 0;
};
constexpr int rule_port = 2;

/// Returns 0 when there is no Landlock.
long interface_version() {
    const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return version < 0 ? 0 : version;
}

Handled handled_by(long version) {
    Handled all;
    all.files = (Rights{LANDLOCK_ACCESS_FS_MAKE_SYM} << 1U) - 1;
    if (version >= renaming_version) all.files |= LANDLOCK_ACCESS_FS_REFER;
    if (version >= truncate_version) all.files |= truncate;
    if (version >= tcp_version) all.network = bind_tcp | connect_tcp;
    if (version >= ioctl_version) all.files |= ioctl_on_devices;
    if (version >= scope_version) all.scoped = abstract_sockets | signals;
    return all;
}

[[noreturn]] void fail(const char* call) {
    throw std::system_error(errno, std::generic_category(), call);
}

void allow_path(int ruleset, const std::string& path, Rights rights) {
    const net::Fd fd(::open(path.c_str(), O_PATH | O_CLOEXEC));
    struct stat found{};
    if (!fd || ::fstat(fd.get(), &found) != 0) return;
    // A file that is no directory cannot have the rights that concern the entries of one.
    if (!S_ISDIR(found.st_mode))
        rights &= LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | truncate;
    const landlock_path_beneath_attr rule{.allowed_access = rights, .parent_fd = fd.get()};
    if (::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
        fail("landlock_add_rule");
}

void allow_port(int ruleset, std::uint16_t port) {
    const PortRule rule{.allowed = connect_tcp, .port = port};
    if (::syscall(SYS_landlock_add_rule, ruleset, rule_port, &rule, 0) != 0) fail("landlock_add_rule");
}

std::vector<std::string> missing_in(long version) {
    std::vector<std::string> missing;
    if (version < truncate_version) missing.emplace_back("truncation of files (Linux 6.2)");
    if (version < tcp_version) missing.emplace_back("TCP ports (Linux 6.7)");
    if (version < scope_version) missing.emplace_back("signals and abstract sockets (Linux 6.12)");
    return missing;
}

}  // namespace

std::vector<std::string> restrict_reach(const Reach& reach) {
    const long version = interface_version();
    if (version == 0) return {"files, TCP ports and signals (Landlock)"};
    Handled handled = handled_by(version);
    if (reach.all_tcp_ports) handled.network &= bind_tcp;
    const net::Fd ruleset(
        static_cast<int>(::syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0)));
    if (!ruleset) fail("landlock_create_ruleset");

    constexpr Rights reading = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
    constexpr Rights writing = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                               LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE | truncate;
    for (const std::string& path : reach.readable)
        allow_path(ruleset.get(), path, reading & handled.files);
    for (const std::string& path : reach.writable)
        allow_path(ruleset.get(), path, writing & handled.files);
    if (sanitized) allow_path(ruleset.get(), "/", reading & handled.files);
    if ((handled.network & connect_tcp) != 0)
        for (const std::uint16_t port : reach.tcp_ports)
            allow_port(ruleset.get(), port);
    if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) fail("landlock_restrict_self");
    return missing_in(version);
}

}  // namespace sluice::guard
