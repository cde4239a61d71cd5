#include "relay/tlsa_records.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace sluice::relay {

namespace {

// Records with a TTL below the first limit are kept that long all the same. Those with a TTL above the second
// are looked up again all the same: an operator who has changed a certificate does not want to wait for a
// day.
constexpr Seconds ttl_min{60};
constexpr Seconds ttl_max{3600};
constexpr Seconds retry_after{10};

}  // namespace

TlsaRecords::TlsaRecords(std::string name) : name_(std::move(name)) {
    missing("have not been found yet");
}

Seconds TlsaRecords::heard(const net::DnsAnswer& answer, Instant now) {
    using Status = net::DnsAnswer::Status;
    if (answer.status == Status::found) {
        take(answer, now);
    } else if (answer.status == Status::absent) {
        good_.clear();
        missing("do not exist");
    } else if (now >= good_until_) {
        // When DNS does not answer, the records stay as they are until they expire.
        good_.clear();
        missing(answer.status == Status::timed_out ? "could not be asked for in time"
                : answer.status == Status::bogus   ? "are bogus"
                                                   : "could not be had");
    }
    if (good_.empty() || answer.status != Status::found) return retry_after;
    return std::clamp(Seconds{answer.ttl_s}, ttl_min, ttl_max);
}

void TlsaRecords::take(const net::DnsAnswer& answer, Instant now) {
    good_.clear();
    if (!answer.secure) return missing("are not secured by DNSSEC");
    for (const std::string& octets : answer.records) {
        net::TlsaRecord record;
        if (net::TlsaRecord::parse(octets, record) && record.usable()) good_.push_back(std::move(record));
    }
    if (good_.empty()) return missing("are of no kind that serves SMTP (RFC 7672 3.1)");
    good_until_ = now + std::max(Seconds{answer.ttl_s}, ttl_min);
}

void TlsaRecords::missing(std::string_view what) {
    why_ = fmt::format("the TLSA records {} {}", name_, what);
}

}  // namespace sluice::relay
