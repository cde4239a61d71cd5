// Something a session has asked of DNS or of the memory: destroying it withdraws the questions.
#pragma once

#include <string>
#include <string_view>

#include "net/loop.hpp"
#include "net/resolver.hpp"
#include "policy/verdict.hpp"

namespace sluice::front {

class Inquiry {
  public:
    Inquiry() = default;
    Inquiry(const Inquiry&) = delete;
    Inquiry& operator=(const Inquiry&) = delete;
    virtual ~Inquiry() = default;
};

/// "found", "absent", "dns_failed", "timed_out".
std::string_view name_of(net::DnsAnswer::Status status);

/// DNS could not say: a note of weight 0 for the log, and never a sign against the client.
inline policy::Signal dns_error(std::string_view about, net::DnsAnswer::Status status) {
    return {"dns_error", about, std::string(name_of(status)), 0};
}

/// Neither yes nor no.
inline bool unknown(net::DnsAnswer::Status status) {
    return status == net::DnsAnswer::Status::failed || status == net::DnsAnswer::Status::timed_out;
}

}  // namespace sluice::front
