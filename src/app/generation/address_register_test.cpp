#include "app/generation/address_register.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>

namespace sluice::app {
namespace {

using Holds = AddressRegister::Holds;
using testing::HasSubstr;
using testing::StartsWith;

std::string golden(std::string_view name) {
    return fmt::format("{}/{}.mmdb", SLUICE_GOLDEN, name);
}

IpAddress address(std::string_view text) {
    return IpAddress::parse(text).value();
}

/// Returns "64500", "DE" or "-".
std::string known(const AddressRegister& found, std::string_view client, Holds holds) {
    if (holds == Holds::asns) {
        const auto asn = found.asn(address(client));
        return asn ? std::to_string(*asn) : "-";
    }
    const auto country = found.country(address(client));
    return country ? policy::country_name({.country = *country}) : "-";
}

/// The error text; empty when the file can be used.
std::string fault(const std::string& file, Holds holds) {
    try {
        const AddressRegister opened(file, holds);
        return "";
    } catch (const std::runtime_error& error) {
        return error.what();
    }
}

/// A temporary file of this test.
class Scratch {
  public:
    explicit Scratch(std::string_view octets = {}) { write(octets); }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch() { std::filesystem::remove(path()); }

    void write(std::string_view octets) const { std::ofstream(path(), std::ios::binary) << octets; }
    std::string path() const { return fmt::format("{}/register-{}", testing::TempDir(), ::getpid()); }
};

std::string content(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

TEST(AddressRegister, LooksUp) {
    struct Case {
        const char* file;
        const char* client;
        Holds holds;
        const char* known;
    };
    const Case cases[] = {
        {"asn", "192.0.2.1", Holds::asns, "64500"},
        {"asn", "192.0.2.128", Holds::asns, "64501"},
        {"asn", "198.51.100.255", Holds::asns, "4294967295"},
        {"asn", "203.0.113.1", Holds::asns, "-"},
        {"asn", "0.0.0.0", Holds::asns, "-"},
        {"asn", "255.255.255.255", Holds::asns, "-"},
        {"asn", "2001:db8:ffff::1", Holds::asns, "64502"},
        {"asn", "2001:db9::", Holds::asns, "-"},
        {"asn", "::ffff:192.0.2.1", Holds::asns, "64500"},
        {"asn", "192.0.2.1", Holds::countries, "-"},
        {"country", "192.0.2.200", Holds::countries, "DE"},
        {"country", "2001:db8::1", Holds::countries, "FR"},
        {"country", "198.51.100.1", Holds::countries, "-"},
        {"asn-v4", "192.0.2.1", Holds::asns, "64500"},
        {"asn-v4", "2001:db8::1", Holds::asns, "-"},
    };
    for (const Case& c : cases) {
        const bool asns = std::string_view(c.file).starts_with("asn");
        const AddressRegister opened(golden(c.file), asns ? Holds::asns : Holds::countries);
        EXPECT_EQ(known(opened, c.client, c.holds), c.known) << c.file << " " << c.client;
    }
}

TEST(AddressRegister, RecordsThatAreNoneAreNotKnown) {
    for (const Holds holds : {Holds::asns, Holds::countries}) {
        const AddressRegister odd(golden("odd"), holds);
        for (const char* client : {"192.0.2.1", "192.0.2.65", "192.0.2.129", "192.0.2.193"})
            EXPECT_EQ(known(odd, client, holds), "-") << client;
        EXPECT_EQ(known(odd, "198.51.100.1", holds), holds == Holds::asns ? "64500" : "DE");
    }
}

TEST(AddressRegister, FilesThatAreNoneAreRefused) {
    const Scratch scratch;
    const auto refused = [&](std::string_view octets) {
        scratch.write(octets);
        return fault(scratch.path(), Holds::asns);
    };
    const std::string good = content(golden("asn"));
    EXPECT_EQ(refused(good), "");
    EXPECT_EQ(refused(""), scratch.path() + ": empty");
    EXPECT_THAT(refused("x"), StartsWith(scratch.path() + ": no MaxMind DB file: "));
    EXPECT_THAT(refused(std::string(100'000, 'x')), HasSubstr(": no MaxMind DB file: "));
    EXPECT_THAT(refused(good.substr(0, good.size() / 2)), HasSubstr(": no MaxMind DB file: "));
    EXPECT_THAT(refused(good.substr(0, good.size() - 1)), HasSubstr(": no MaxMind DB file: "));
    EXPECT_THAT(fault("/nonexistent/asn.mmdb", Holds::asns),
                "/nonexistent/asn.mmdb: No such file or directory");
    EXPECT_THAT(fault("/dev/null", Holds::asns), "/dev/null: not a regular file");
}

TEST(AddressRegister, AFileOfAnotherKindIsRefused) {
    EXPECT_EQ(fault(golden("country"), Holds::asns),
              golden("country") + ": holds no AS numbers (it is a GeoLite2-Country)");
    EXPECT_EQ(fault(golden("asn"), Holds::countries),
              golden("asn") + ": holds no country codes (it is a GeoLite2-ASN)");
    EXPECT_THAT(fault(golden("nothing"), Holds::asns), HasSubstr("holds no AS numbers"));
}

TEST(AddressRegister, NeedsItsFileNoMore) {
    const Scratch scratch(content(golden("asn")));
    const AddressRegister opened(scratch.path(), Holds::asns);
    scratch.write("");  // truncated: SIGBUS for who has mapped it
    EXPECT_EQ(opened.asn(address("192.0.2.1")), 64'500U);
}

TEST(AddressRegister, APipeIsNotWaitedFor) {
    const Scratch name;
    std::filesystem::remove(name.path());
    ASSERT_EQ(::mkfifo(name.path().c_str(), 0600), 0);
    EXPECT_EQ(fault(name.path(), Holds::asns), name.path() + ": not a regular file");
}

/// A number as MaxMind's format has it, of so many octets.
std::string octets_of(std::uint32_t number, unsigned count) {
    std::string octets;
    for (unsigned octet = count; octet-- > 0;)
        octets += static_cast<char>(number >> 8U * octet & 255U);
    return octets;
}

/// A file whose only record, of an AS number, is in the last node of a tree that is a chain.
std::string chain_of(std::uint32_t nodes) {
    const auto text = [](std::string_view name) {
        return static_cast<char>(0x40U | name.size()) + std::string(name);
    };
    const auto number = [](std::uint32_t value) { return '\xc4' + octets_of(value, 4); };
    const auto small = [](std::uint32_t value) { return '\xa2' + octets_of(value, 2); };
    const std::string nothing(1, '\0');
    std::string file;
    for (std::uint32_t node = 1; node <= nodes; ++node)
        file += octets_of(node < nodes ? node : nodes + 16, 3) + octets_of(nodes, 3);
    file += std::string(16, '\0') + '\xe1' + text("autonomous_system_number") + number(64'500);
    return file + "\xab\xcd\xefMaxMind.com\xe9" + text("node_count") + number(nodes) + text("record_size") +
           small(24) + text("ip_version") + small(4) + text("database_type") + text("Chain") +
           text("languages") + nothing + '\x04' + text("binary_format_major_version") + small(2) +
           text("binary_format_minor_version") + small(0) + text("build_epoch") + "\x01\x02\x01" +
           text("description") + '\xe0';
}

TEST(AddressRegister, SoMuchOfItsTreeIsLookedAt) {
    constexpr std::uint32_t most = 100'000;  // looked_at_max
    const Scratch scratch(chain_of(most));
    EXPECT_EQ(fault(scratch.path(), Holds::asns), "");
    scratch.write(chain_of(most + 1));
    EXPECT_THAT(fault(scratch.path(), Holds::asns), HasSubstr(": holds no AS numbers (it is a Chain)"));
}

/// Changes each octet in turn. The file may be refused, or values may be unknown or wrong, but nothing
/// crashes.
TEST(AddressRegister, DamageIsSurvived) {
    const Scratch scratch;
    for (const auto& [file, holds] :
         {std::pair{"asn", Holds::asns}, std::pair{"country", Holds::countries}}) {
        const std::string good = content(golden(file));
        unsigned usable = 0;
        for (std::size_t at = 0; at < good.size(); ++at) {
            constexpr unsigned flips[] = {0x01, 0x20, 0x80, 0xff};
            std::string damaged = good;
            damaged[at] = static_cast<char>(static_cast<unsigned char>(good[at]) ^ flips[at % 4]);
            scratch.write(damaged);
            try {
                const AddressRegister opened(scratch.path(), holds);
                for (const char* client : {"192.0.2.1", "198.51.100.1", "2001:db8::1", "0.0.0.0"})
                    (void)known(opened, client, holds);
                ++usable;
            } catch (const std::runtime_error& error) {
                EXPECT_THAT(error.what(), StartsWith(scratch.path() + ": "));
            }
        }
        EXPECT_GT(usable, good.size() / 4) << "much of the damage is to records";
    }
}

}  // namespace
}  // namespace sluice::app
