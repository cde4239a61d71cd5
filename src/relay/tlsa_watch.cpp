#include "relay/tlsa_watch.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace sluice::relay {

namespace {

// Records with a shorter life than the first are kept as long; those with a longer one than the second are
// looked at again all the same: an operator who has changed a certificate does not want to wait for a day.
constexpr Seconds ttl_min{60};
constexpr Seconds ttl_max{3600};
constexpr Seconds retry_after{10};

}  // namespace

TlsaWatch::TlsaWatch(net::Loop& loop, net::Resolver& resolver, const std::string& name, std::uint16_t port,
                     std::function<void()> heard)
    : loop_(loop),
      resolver_(resolver),
      name_(fmt::format("_{}._tcp.{}", port, name)),
      heard_(std::move(heard)) {
    missing("have not been found yet");
    on_timer();
}

void TlsaWatch::on_timer() {
    resolver_.ask(*this, name_, net::DnsType::tlsa);
}

void TlsaWatch::answered(const net::DnsAnswer& answer) {
    using Status = net::DnsAnswer::Status;
    if (answer.status == Status::found) {
        take(answer);
    } else if (answer.status == Status::absent) {
        records_.clear();
        missing("do not exist");
    } else if (loop_.now() >= good_until_) {
        // What cannot be asked now is as it was, for as long as it said it would be.
        records_.clear();
        missing(answer.status == Status::timed_out ? "could not be asked for in time"
                                                   : "could not be had, or are bogus");
    }
    const auto ttl = std::clamp(Seconds{answer.ttl_s}, ttl_min, ttl_max);
    loop_.arm(*this, records_.empty() || answer.status != Status::found ? retry_after : ttl);
    heard_();
}

void TlsaWatch::take(const net::DnsAnswer& answer) {
    records_.clear();
    if (!answer.secure) return missing("are not secured by DNSSEC");
    for (const std::string& octets : answer.records) {
        net::TlsaRecord record;
        if (net::TlsaRecord::parse(octets, record) && record.usable()) records_.push_back(std::move(record));
    }
    if (records_.empty()) return missing("are of no kind that serves SMTP (RFC 7672 3.1)");
    good_until_ = loop_.now() + std::max(Seconds{answer.ttl_s}, ttl_min);
}

void TlsaWatch::missing(std::string_view what) {
    why_ = fmt::format("the TLSA records {} {}", name_, what);
}

}  // namespace sluice::relay
