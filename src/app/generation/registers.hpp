// The registers of addresses that policy.reputation names: which network has whose number, and which country.
// As with certificates only the supervisor reads their files, anew with each reload: what a worker needs it
// has from the memory it was forked with.
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

/// Null when none is named. Throws as the constructor does.
std::shared_ptr<const Registers> load_registers(const Config& config);

}  // namespace sluice::app
