// Judges name servers by whether they answer, and DNS lists by whether they can be used.
//
// A usable list contains 127.0.0.2 and not 127.0.0.1 (RFC 5782 5). One that contains both lists everybody;
// one that contains neither does not exist, or does not serve us.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/check/finding.hpp"
#include "app/config/config.hpp"
#include "net/resolver.hpp"
#include "policy/dns_list.hpp"

namespace sluice::app {

/// The servers that a resolv.conf(5) names; at most the three that the C library asks.
std::vector<std::string> resolv_conf_servers(std::string_view text);

/// Whether the server answers; that a name does not exist is an answer, too.
bool name_server_answers(net::DnsAnswer::Status status);

/// `status` is the server's answer about a name that exists everywhere. `another_answers`: one of the other
/// configured servers answers.
Finding judge_name_server(std::string_view server, net::DnsAnswer::Status status, bool another_answers);

/// A list's answers about its two test entries.
struct ListProbe {
    net::DnsAnswer listed;      // 127.0.0.2
    net::DnsAnswer not_listed;  // 127.0.0.1
};
Finding judge_dns_list(const policy::DnsListOptions& list, const ListProbe& probe);

/// Asks all servers and lists at once, and waits for each answer as long as `dns.deadline_ms`, but five
/// seconds at most. There are no findings when the configuration asks nothing of DNS.
Findings probe_dns(const Config& config);

}  // namespace sluice::app
