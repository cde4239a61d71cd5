#include "app/check/dns.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/shown_text.hpp"

namespace sluice::app {

namespace {

using Status = net::DnsAnswer::Status;

std::string_view words_for(Status status) {
    switch (status) {
        case Status::found: return "it answers";
        case Status::absent: return "it says that there is no such name";
        case Status::servfail: return "it says SERVFAIL: it could not find out";
        case Status::refused: return "it refuses to serve this machine (REFUSED)";
        case Status::lame:
            return "it points to other servers instead of answering: it does not look up for others";
        case Status::malformed: return "its answer cannot be read";
        case Status::bogus: return "its answer is forged, by DNSSEC";
        case Status::unreachable: return "nobody answers there";
        case Status::not_asked: return "it could not be asked";
        case Status::timed_out: return "no answer came in time";
    }
    return {};
}

/// Whether the answer has an address in 127/8: the list reports something, even if this code does not count
/// here.
bool says_something(const net::DnsAnswer& answer) {
    return answer.status == Status::found && std::ranges::any_of(answer.addresses, &IpAddress::is_loopback);
}

Finding refused_by(std::string_view name, const policy::ListOpinion& opinion) {
    return {Severity::hurts,
            fmt::format("Take {0} out of policy.dnsbl and policy.dnswl, or ask it as it wants to be asked "
                        "(most lists serve no public name server: set dns.servers to one of your own): it "
                        "answers with an error, {1}, and says nothing about clients",
                        name, shown(opinion.error))};
}

}  // namespace

std::vector<std::string> resolv_conf_servers(std::string_view text) {
    constexpr std::size_t most = 3;
    constexpr std::string_view keyword = "nameserver";
    std::vector<std::string> servers;
    while (!text.empty() && servers.size() < most) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        if (!line.starts_with(keyword)) continue;
        line.remove_prefix(keyword.size());
        const std::size_t begin = line.find_first_not_of(" \t");
        if (begin == std::string_view::npos || begin == 0) continue;
        line.remove_prefix(begin);
        const std::string server(line.substr(0, line.find_first_of(" \t\r#;")));
        if (IpAddress::parse(server)) servers.push_back(server);
    }
    return servers;
}

bool name_server_answers(Status status) {
    return status == Status::found || status == Status::absent;
}

Finding judge_name_server(std::string_view server, Status status, bool another_answers) {
    if (name_server_answers(status)) return {Severity::fine, fmt::format("name server {} answers", server)};
    if (another_answers)
        return {Severity::advice, fmt::format("Take {} out of the name servers, or mend it: {}. Another one "
                                              "answers; when that is away there is no DNS",
                                              server, words_for(status))};
    return {
        Severity::hurts,
        fmt::format("Set dns.servers to name servers that answer (dns.servers = [\"127.0.0.1\"]), or mend "
                    "{}: {}. Without DNS each greeting waits for policy.dns_deadline_ms, and the MTA "
                    "hears of no client's name",
                    server, words_for(status))};
}

Finding judge_dns_list(const policy::DnsListOptions& list, const ListProbe& probe) {
    const std::string name = shown(policy::shown_name(list));
    if (probe.listed.status == Status::found) {
        const policy::ListOpinion opinion = policy::interpret(list, probe.listed.addresses);
        if (opinion.listing == policy::Listing::list_error) return refused_by(name, opinion);
    }
    if (policy::interpret(list, probe.not_listed.addresses).listing == policy::Listing::listed)
        return {Severity::hurts,
                fmt::format("Take {} out: it lists 127.0.0.1, as no list does that is alive (RFC 5782), and "
                            "so perhaps everybody",
                            name)};
    if (!name_server_answers(probe.listed.status))
        return {Severity::hurts,
                fmt::format("Take {} out, or mend the way to it: {}. Greetings wait for it, up to "
                            "policy.dns_deadline_ms",
                            name, words_for(probe.listed.status))};
    if (!says_something(probe.listed))
        return {Severity::advice,
                fmt::format("Look whether {} is the right name of a list that serves you: its test entry, "
                            "127.0.0.2 (RFC 5782), is not there. A list that knows nobody is no harm, and no "
                            "help",
                            name)};
    return {Severity::fine, fmt::format("DNS list {} answers: 127.0.0.2 is in it, 127.0.0.1 is not", name)};
}

}  // namespace sluice::app
