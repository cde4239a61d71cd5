// A register of addresses: the network (ASN) or the country of each, from a file in the MaxMind DB format
// (GeoLite2-ASN, GeoLite2-Country, those of DB-IP and others), which libmaxminddb reads.
//
// The whole file is read once, into memory that has no file behind it (memfd_create(2)): no look-up waits for
// a disk, truncating the file cannot kill a process during a look-up (SIGBUS), and forked processes share one
// copy. The library opens paths only, so it gets the descriptor's path, which needs /proc. A faulty record is
// no error: its address counts as unknown.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/ip.hpp"
#include "policy/place.hpp"

struct MMDB_s;

namespace sluice::app {

class AddressRegister {
  public:
    enum class Holds : std::uint8_t { asns, countries };

    /// Throws std::runtime_error, whose text begins with the file's name, when the file cannot be read, has
    /// another format, or holds other data. Blocks on the disk.
    AddressRegister(const std::string& file, Holds holds);

    /// Nothing = unknown.
    std::optional<std::uint32_t> asn(const IpAddress& address) const;
    std::optional<policy::CountryCode> country(const IpAddress& address) const;

  private:
    struct Closer {
        void operator()(MMDB_s* opened) const;
    };

    std::unique_ptr<MMDB_s, Closer> opened_;
};

}  // namespace sluice::app
