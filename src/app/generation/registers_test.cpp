#include "app/generation/registers.hpp"

#include <gtest/gtest.h>

#include "app/process/start_error.hpp"

namespace sluice::app {
namespace {

const std::string asn_golden = SLUICE_GOLDEN "/asn.mmdb";
const std::string country_golden = SLUICE_GOLDEN "/country.mmdb";
const IpAddress client = *IpAddress::parse("192.0.2.1");

std::string fault(const RegisterFiles& files) {
    try {
        const Registers registers(files);
        return "";
    } catch (const StartError& error) {
        return error.what();
    }
}

TEST(Registers, EachSaysWhatItHolds) {
    const policy::Place both{.asn = 64'500, .country = {'D', 'E'}};
    EXPECT_EQ(Registers({.asn = asn_golden, .country = country_golden}).find(client), both);
    EXPECT_EQ(Registers({.asn = asn_golden, .country = ""}).find(client), policy::Place{.asn = both.asn});
    EXPECT_EQ(Registers({.asn = "", .country = country_golden}).find(client),
              policy::Place{.country = both.country});
    EXPECT_EQ(Registers({.asn = asn_golden, .country = country_golden}).find(IpAddress()), policy::Place{});
}

TEST(Registers, AFaultNamesTheKey) {
    EXPECT_EQ(fault({.asn = "/none.mmdb", .country = country_golden}),
              "policy.reputation.asn_file: /none.mmdb: No such file or directory");
    EXPECT_EQ(fault({.asn = asn_golden, .country = "/none.mmdb"}),
              "policy.reputation.country_file: /none.mmdb: No such file or directory");
}

TEST(Registers, NoneAreLoadedWhereNoneIsNamed) {
    Config config;
    EXPECT_EQ(load_registers(config), nullptr);
    config.registers.asn = asn_golden;
    EXPECT_NE(load_registers(config), nullptr);
}

}  // namespace
}  // namespace sluice::app
