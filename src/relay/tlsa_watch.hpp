// The TLSA records of one MTA (RFC 7672 2.2), asked for ahead of any connection and again when they expire.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "net/loop.hpp"
#include "net/resolver.hpp"
#include "net/tls_client.hpp"

namespace sluice::relay {

class TlsaWatch final : private net::DnsQuery, private net::Timer {
  public:
    /// Asks for _PORT._tcp.NAME at once. `heard` is called after each answer. All references must outlive
    /// this.
    TlsaWatch(net::Loop& loop, net::Resolver& resolver, const std::string& name, std::uint16_t port,
              std::function<void()> heard);

    /// DNSSEC-secure ones of a usable kind; empty when there are none, or none that have not expired.
    const std::vector<net::TlsaRecord>& records() const { return records_; }
    /// An answer is still to come.
    bool asking() const { return pending(); }
    /// Why there are none, as a sentence for the operator.
    const std::string& why() const { return why_; }

  private:
    void answered(const net::DnsAnswer& answer) override;
    void on_timer() override;
    void take(const net::DnsAnswer& answer);
    void missing(std::string_view what);

    net::Loop& loop_;
    net::Resolver& resolver_;
    std::string name_;
    std::function<void()> heard_;
    std::vector<net::TlsaRecord> records_;
    Instant good_until_;
    std::string why_;
};

}  // namespace sluice::relay
