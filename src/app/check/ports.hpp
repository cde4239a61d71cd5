// Finds out whether the addresses of `listen` and `tls.listen` are free, and who has them if not.
#pragma once

#include <system_error>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/check/finding.hpp"
#include "app/config/config.hpp"
#include "net/socket.hpp"

namespace sluice::app {

/// A listening socket of this machine, as /proc/net/tcp and tcp6 show it.
struct ListeningHere {
    net::Endpoint address;
    std::uint64_t inode = 0;
    bool operator==(const ListeningHere&) const = default;
};

/// Reads the text of either file; lines that are no listening sockets are passed over.
std::vector<ListeningHere> read_proc_net_tcp(std::string_view text);

/// They cannot both be listened at: the same port, and the same address or every address of its kind.
bool are_in_each_others_way(const net::Endpoint& one, const net::Endpoint& other);

/// Process 1 holds the sockets of its units; a Sluice that has one from it is looked for first.
inline constexpr int systemd = 1;

/// The process that listens somewhere.
struct PortHolder {
    int pid = 0;
    std::string name;          // of the process, as ps(1) shows it
    bool is_this_one = false;  // a Sluice that runs with this configuration
    std::string beside = {};   // of a Sluice: another program that listens there as well; empty = none
};

/// `error` is what binding came to. No holder: it was not found, as it never is `as_root` = false.
Finding judge_port(const net::Endpoint& address, const std::error_code& error,
                   const std::optional<PortHolder>& holder, bool as_root);

/// Binds to each address for a moment, without listening: no client notices. `config_file` is how a running
/// Sluice of this configuration is known, beside its state directory.
Findings probe_ports(const Config& config, const std::string& config_file);

}  // namespace sluice::app
