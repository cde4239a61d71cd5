// The results of questions to DNS, as they are counted and logged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "net/resolver.hpp"
#include "policy/verdict.hpp"

namespace sluice::judge {

/// The subject of a question to DNS, as it is counted (Metric::dns_answers).
enum class DnsAbout : std::uint8_t { dnsbl, dnswl, ptr, forward, helo };

/// The result of a question to DNS, as it is counted and logged: a DnsAnswer::Status by its number, or the
/// fault of a list that has answered.
enum class DnsResult : std::uint8_t {
    bad_answer = static_cast<std::uint8_t>(net::DnsAnswer::Status::timed_out) + 1,
    lists_everything,
};
constexpr DnsResult result_of(net::DnsAnswer::Status status) {
    return static_cast<DnsResult>(status);
}

/// The result as one word, which the log and the metrics share: "found", "servfail", "timed_out" …
std::string_view name_of(DnsResult result);

/// The signal for a question that DNS could not answer: a note of weight 0 for the log, never a sign against
/// the client.
inline policy::Signal dns_error(std::string_view about, net::DnsAnswer::Status status) {
    return {"dns_error", about, std::string(name_of(result_of(status))), 0};
}

/// Whether DNS has said neither yes nor no.
inline bool unknown(net::DnsAnswer::Status status) {
    return status != net::DnsAnswer::Status::found && status != net::DnsAnswer::Status::absent;
}

}  // namespace sluice::judge
