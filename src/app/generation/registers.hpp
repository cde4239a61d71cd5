// The address registers that policy.reputation names: they map addresses to AS numbers and to countries. As
// with certificates, only the supervisor reads the files, anew at each reload; a worker inherits them in the
// memory it is forked with.
#pragma once

#include <memory>
#include <optional>

#include "app/config/config.hpp"
#include "app/generation/address_register.hpp"
#include "base/ip.hpp"
#include "policy/place.hpp"

namespace sluice::app {

class Registers {
  public:
    /// Throws StartError for a file that cannot be used.
    explicit Registers(const RegisterFiles& files);

    policy::Place find(const IpAddress& address) const;

  private:
    std::optional<AddressRegister> asns_;
    std::optional<AddressRegister> countries_;
};

/// Null when none is configured. Throws as the constructor does.
std::shared_ptr<const Registers> load_registers(const Config& config);

}  // namespace sluice::app
