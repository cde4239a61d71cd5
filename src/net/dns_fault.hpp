// The reason why a DNS question was not answered, read from libunbound's log.
//
// To its callers libunbound says SERVFAIL whatever the fault was. The reason is given only in words, in a
// line that `log-servfail` makes it write before the callback comes; this code reads that line. An unknown
// reason is taken for SERVFAIL, so that another version of libunbound costs no more than the distinction.
// Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "net/resolver.hpp"
#include "net/secret_hash.hpp"

namespace sluice::net {

struct DnsFault {
    std::string_view question;  // "mail.example.org. A IN"; a part of the line
    DnsAnswer::Status status = DnsAnswer::Status::servfail;

    bool operator==(const DnsFault&) const = default;
};

/// Reads a line; nothing when it is about something else, or says only that the fault is in the cache.
std::optional<DnsFault> read_dns_fault(std::string_view line);

/// The question as the log names it; nothing is escaped, so the fault of an odd name is not found again.
std::string dns_question(std::string_view name, DnsType type);

/// The faults of the last questions. libunbound answers from its cache for some seconds, without the reason.
class RecentDnsFaults {
  public:
    static constexpr std::size_t kept_max = 8192;

    void note(const DnsFault& fault);
    /// servfail when nothing is known.
    DnsAnswer::Status of(const std::string& question) const;

  private:
    // The newer half and the older half: when the newer is full it replaces the older. Strangers choose the
    // names in questions, hence the secret hash.
    using Faults = std::unordered_map<std::string, DnsAnswer::Status, SecretHash, std::equal_to<>>;
    Faults newer_;
    Faults older_;
};

}  // namespace sluice::net
