// Judges the name servers, by whether they answer, and the DNS lists, by whether each is one to ask.
//
// A list has 127.0.0.2 in it and 127.0.0.1 not (RFC 5782 5): one that has both lists everybody, one that has
// neither is not there, or does not serve us.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/check/finding.hpp"
#include "app/config/config.hpp"
#include "net/resolver.hpp"
#include "policy/dns_list.hpp"

namespace sluice::app {

/// The servers that a resolv.conf(5) names, at most the three that the C library asks.
std::vector<std::string> resolv_conf_servers(std::string_view text);

/// That there is no such name is an answer, too.
bool name_server_answers(net::DnsAnswer::Status status);

/// `status` is what a name server made of a question about a name that exists everywhere; `another_answers`:
/// one of those that are configured.
Finding judge_name_server(std::string_view server, net::DnsAnswer::Status status, bool another_answers);

/// The answers of a list about its two test entries.
struct ListProbe {
    net::DnsAnswer listed;      // 127.0.0.2
    net::DnsAnswer not_listed;  // 127.0.0.1
};
Finding judge_dns_list(const policy::DnsListOptions& list, const ListProbe& probe);

/// Asks them all at once, and waits for no answer longer than `dns.deadline_ms`, or five seconds. Where
/// nothing is asked of DNS there are no findings.
Findings probe_dns(const Config& config);

}  // namespace sluice::app
