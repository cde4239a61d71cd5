// The TLSA records of one MTA (RFC 7672 2.2): which are good, for how long, and when DNS is
// to be asked again. No socket, no clock.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "net/resolver.hpp"
#include "net/tls_client.hpp"

namespace sluice::relay {

class TlsaRecords {
  public:
    /// `name` is "_25._tcp.mx.example.org", for why().
    explicit TlsaRecords(std::string name);

    /// Takes DNS's current answer and returns after how long to ask again.
    Seconds heard(const net::DnsAnswer& answer, Instant now);

    /// The DNSSEC-secure records of a usable kind; empty when there are none, or all have expired.
    const std::vector<net::TlsaRecord>& good() const { return good_; }
    const std::string& name() const { return name_; }
    /// The reason why there are no records, as a sentence for the operator.
    const std::string& why() const { return why_; }

  private:
    void take(const net::DnsAnswer& answer, Instant now);
    void missing(std::string_view what);

    std::string name_;
    std::vector<net::TlsaRecord> good_;
    Instant good_until_;
    std::string why_;
};

}  // namespace sluice::relay
