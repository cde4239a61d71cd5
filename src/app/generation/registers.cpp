#include "app/generation/registers.hpp"

#include <fmt/format.h>
#include <stdexcept>
#include <string>
#include <string_view>

#include "app/process/start_error.hpp"

namespace sluice::app {

namespace {

std::optional<AddressRegister> opened(std::string_view key, const std::string& file,
                                      AddressRegister::Holds holds) {
    if (file.empty()) return std::nullopt;
    try {
        return AddressRegister(file, holds);
    } catch (const std::runtime_error& error) {
        throw StartError(fmt::format("policy.reputation.{}: {}", key, error.what()));
    }
}

}  // namespace

Registers::Registers(const RegisterFiles& files)
    : asns_(opened("asn_file", files.asn, AddressRegister::Holds::asns)),
      countries_(opened("country_file", files.country, AddressRegister::Holds::countries)) {}

policy::Place Registers::find(const IpAddress& address) const {
    policy::Place place;
    if (asns_) place.asn = asns_->asn(address).value_or(0);
    if (countries_) place.country = countries_->country(address).value_or(policy::CountryCode{});
    return place;
}

std::shared_ptr<const Registers> load_registers(const Config& config) {
    const RegisterFiles& files = config.registers;
    if (files.asn.empty() && files.country.empty()) return nullptr;
    return std::make_shared<const Registers>(files);
}

}  // namespace sluice::app
