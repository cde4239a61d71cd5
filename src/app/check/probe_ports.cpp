// Tries to bind the addresses to listen at, and finds their holders in /proc; app/check/ports.hpp judges.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <utility>

#include "app/check/ports.hpp"
#include "app/config/find_config.hpp"
#include "app/process/control.hpp"
#include "app/process/proc.hpp"
#include "app/process/start_error.hpp"
#include "net/fd.hpp"

namespace sluice::app {

namespace {

namespace fs = std::filesystem;

/// The result of binding. The socket does not listen, so that no client is accepted and then reset.
std::error_code try_to_bind(const net::Endpoint& endpoint) {
    const bool v4 = endpoint.address.is_v4();
    const net::Fd socket(::socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int yes = 1;
    if (!socket) return {errno, std::generic_category()};
    // Set as for a listener: a connection in TIME_WAIT does not block the address.
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (!v4) ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
    sockaddr_in in4{};
    sockaddr_in6 in6{};
    in4.sin_family = AF_INET;
    in6.sin6_family = AF_INET6;
    in4.sin_port = in6.sin6_port = htons(endpoint.port);
    std::memcpy(&in4.sin_addr, endpoint.address.octets().data(), sizeof in4.sin_addr);
    std::memcpy(&in6.sin6_addr, endpoint.address.octets().data(), sizeof in6.sin6_addr);
    const int result = v4 ? ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&in4), sizeof in4)
                          : ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&in6), sizeof in6);
    return result == 0 ? std::error_code() : std::error_code(errno, std::generic_category());
}

/// Whether the process's --config is this file.
bool runs_with(int pid, const std::string& config_file) {
    if (config_file.empty()) return false;
    const auto flags = flags_of_run(command_line_of(pid), working_directory_of(pid));
    std::error_code error;
    return flags && fs::weakly_canonical(with_default_config(*flags).config, error) ==
                        fs::canonical(config_file, error);
}

bool answers_in(const std::string& state_dir) {
    if (state_dir.empty()) return false;
    try {
        require_no_other(state_dir);
        return false;
    } catch (const StartError&) {
        return true;
    }
}

bool has_open(int pid, const std::vector<std::uint64_t>& inodes) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(proc_of(pid) / "fd", error)) {
        const std::string target = fs::read_symlink(entry.path(), error).string();
        const bool held = std::ranges::any_of(
            inodes, [&](std::uint64_t inode) { return target == fmt::format("socket:[{}]", inode); });
        if (held) return true;
    }
    return false;
}

std::string name_of_process(int pid) {
    std::string name = proc_text(proc_of(pid) / "comm");
    while (name.ends_with('\n'))
        name.pop_back();
    return name;
}

bool is_sluice(const PortHolder& holder) {
    return holder.name.starts_with("sluice");
}

/// The process that has one of these sockets open. A Sluice takes precedence, even if systemd has the socket
/// too; its supervisor has a lower pid than its workers. Otherwise it is the first process found.
std::optional<PortHolder> holder_of(const std::vector<std::uint64_t>& inodes) {
    std::optional<PortHolder> sluice;
    std::optional<PortHolder> other;
    for (const int pid : process_ids()) {
        if (!has_open(pid, inodes)) continue;
        PortHolder holder{.pid = pid, .name = name_of_process(pid)};
        std::optional<PortHolder>& first = is_sluice(holder) ? sluice : other;
        if (!first || first->pid == systemd) first = std::move(holder);
    }
    if (sluice && other && other->pid != systemd) sluice->beside = other->name;
    return sluice ? sluice : other;
}

std::optional<PortHolder> who_listens(const net::Endpoint& address, const Config& config,
                                      const std::string& config_file) {
    std::vector<std::uint64_t> inodes;
    for (const char* file : {"/proc/net/tcp", "/proc/net/tcp6"})
        for (const ListeningHere& each : read_proc_net_tcp(proc_text(file)))
            if (are_in_each_others_way(address, each.address)) inodes.push_back(each.inode);
    if (inodes.empty()) return std::nullopt;
    std::optional<PortHolder> holder = holder_of(inodes);
    if (holder)
        holder->is_this_one =
            is_sluice(*holder) && (runs_with(holder->pid, config_file) || answers_in(config.state_dir));
    return holder;
}

}  // namespace

Findings probe_ports(const Config& config, const std::string& config_file) {
    Findings findings;
    for (const Door& door : config.doors()) {
        const net::Endpoint& address = door.address;
        if (address.port == 0) continue;  // port 0 means any free port
        const std::error_code error = try_to_bind(address);
        std::optional<PortHolder> holder;
        if (error == std::errc::address_in_use) holder = who_listens(address, config, config_file);
        findings.push_back(judge_port(address, error, holder, ::geteuid() == 0));
    }
    return findings;
}

}  // namespace sluice::app
