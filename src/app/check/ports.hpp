// Checks whether the addresses of `listen` and `tls.listen` are free, and who has them if not.
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

/// A listening socket on this machine, as /proc/net/tcp and tcp6 show it.
struct ListeningHere {
    net::Endpoint address;
    std::uint64_t inode = 0;
    bool operator==(const ListeningHere&) const = default;
};

/// Parses the text of either file; lines that are not about listening sockets are skipped.
std::vector<ListeningHere> read_proc_net_tcp(std::string_view text);

/// Whether only one of them can be listened at: the ports are equal, and the addresses are equal or one of
/// them stands for every address of its kind ([::] for IPv4, too).
bool are_in_each_others_way(const net::Endpoint& one, const net::Endpoint& other);

/// Process 1 holds the sockets of its units. A Sluice that got one from it takes precedence.
inline constexpr int systemd = 1;

/// The process that listens at an address.
struct PortHolder {
    int pid = 0;
    std::string name;          // of the process, as in ps(1)
    bool is_this_one = false;  // a Sluice that runs with this configuration
    std::string beside = {};   // for a Sluice: another program that also listens there; empty = none
};

/// `error` is the result of binding. No holder: none was found, which is always so unless `as_root`.
Finding judge_port(const net::Endpoint& address, const std::error_code& error,
                   const std::optional<PortHolder>& holder, bool as_root);

/// Binds each address for a moment, without listening, so that no client notices. `config_file` and the state
/// directory identify a running Sluice of this configuration.
Findings probe_ports(const Config& config, const std::string& config_file);

}  // namespace sluice::app
