// A register of addresses: whose network each is in (ASN), or in which country, from a file in the MaxMind DB
// format (GeoLite2-ASN, GeoLite2-Country, those of DB-IP and others), which libmaxminddb reads.
//
// The file is read once, as a whole, into memory that has no file behind it (memfd_create(2)): no look-up
// waits for a disk, nobody who truncates the file makes a look-up the death of a process (SIGBUS), and those
// who were forked with it share the one copy. The library opens nothing but paths, so it is given that of the
// descriptor: /proc has to be there. What is wrong with single records is no error: then nothing is known.
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

    /// Throws std::runtime_error, which begins with the name of the file, when it cannot be read, is not such
    /// a file, or holds something else. Blocks on the disk.
    AddressRegister(const std::string& file, Holds holds);

    /// Nothing = not known.
    std::optional<std::uint32_t> asn(const IpAddress& address) const;
    std::optional<policy::CountryCode> country(const IpAddress& address) const;

  private:
    struct Closer {
        void operator()(MMDB_s* opened) const;
    };

    std::unique_ptr<MMDB_s, Closer> opened_;
};

}  // namespace sluice::app
