// The TLSA records of one MTA: requested before any connection, and again when they expire.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "net/loop.hpp"
#include "net/resolver.hpp"
#include "relay/tlsa_records.hpp"

namespace sluice::relay {

class TlsaWatch final : private net::DnsQuery, private net::Timer {
  public:
    /// Asks for _PORT._tcp.NAME at once. `heard` is called after each answer. All references must outlive
    /// this.
    TlsaWatch(net::Loop& loop, net::Resolver& resolver, const std::string& name, std::uint16_t port,
              std::function<void()> heard);

    /// records() and why() are those of TlsaRecords.
    const std::vector<net::TlsaRecord>& records() const { return records_.good(); }
    const std::string& why() const { return records_.why(); }
    /// True while an answer is still to come.
    bool asking() const { return pending(); }

  private:
    void answered(const net::DnsAnswer& answer) override;
    void on_timer() override { ask(); }
    void ask();

    net::Loop& loop_;
    net::Resolver& resolver_;
    TlsaRecords records_;
    std::function<void()> heard_;
};

}  // namespace sluice::relay
