#include "net/dns_fault.hpp"

#include <gtest/gtest.h>

namespace sluice::net {
namespace {

using Status = DnsAnswer::Status;

TEST(DnsFault, IsReadFromWhatLibunboundSays) {
    struct Case {
        const char* reason;
        Status status;
    };
    // The wording of libunbound 1.17, and of newer versions.
    const Case cases[] = {
        {"all the configured stub or forward servers failed, at zone . from 192.0.2.53 got SERVFAIL",
         Status::servfail},
        {"all the configured stub or forward servers failed, at zone . from 192.0.2.53 got REFUSED",
         Status::refused},
        {"all the configured stub or forward servers failed, at zone . from 192.0.2.53 got NOTIMPL",
         Status::refused},
        {"all the configured stub or forward servers failed, at zone . from 192.0.2.53 got FORMERR",
         Status::refused},
        {"all servers for this domain failed, at zone example. from 192.0.2.53 could not parse upstream "
         "response",
         Status::malformed},
        {"all servers for this domain failed, at zone example. from 192.0.2.53 upstream response failed "
         "scrub",
         Status::malformed},
        {"all the configured stub or forward servers failed, at zone . upstream server timeout",
         Status::unreachable},
        {"all the configured stub or forward servers failed, at zone . no server to query nameserver "
         "addresses not usable",
         Status::unreachable},
        {"exceeded the maximum number of sends", Status::servfail},
        {"misc failure", Status::servfail},
        {"", Status::servfail},
    };
    for (const Case& each : cases) {
        const std::string line =
            std::string("[1795731978] libunbound[8699:0] error: SERVFAIL <a.example. A IN>: ") + each.reason;
        EXPECT_EQ(read_dns_fault(line), (DnsFault{"a.example. A IN", each.status})) << each.reason;
    }
}

TEST(DnsFault, OtherLinesSayNothing) {
    for (const char* line : {"", "SERVFAIL", "[1] libunbound[1:0] error: tcp connect: Connection refused",
                             "[1] libunbound[1:0] error: SERVFAIL <a.example. A IN>",
                             "[1] libunbound[1:0] error: SERVFAIL <a.example. A IN>: SERVFAIL in cache",
                             "[1] libunbound[1:0] info: validation failure <a.example. A IN>: no keys"})
        EXPECT_FALSE(read_dns_fault(line)) << line;
}

TEST(DnsFault, AQuestionIsNamedAsLibunboundNamesIt) {
    EXPECT_EQ(dns_question("a.example", DnsType::a), "a.example. A IN");
    EXPECT_EQ(dns_question("a.example.", DnsType::mx), "a.example. MX IN");
    EXPECT_EQ(dns_question("1.2.0.192.in-addr.arpa", DnsType::ptr), "1.2.0.192.in-addr.arpa. PTR IN");
}

TEST(RecentDnsFaults, KeepsTheLastOnes) {
    RecentDnsFaults faults;
    EXPECT_EQ(faults.of("a. A IN"), Status::servfail);
    faults.note({"a. A IN", Status::refused});
    faults.note({"a. A IN", Status::malformed});
    EXPECT_EQ(faults.of("a. A IN"), Status::malformed);
    for (std::size_t i = 0; i < RecentDnsFaults::kept_max / 2; ++i)
        faults.note({std::to_string(i), Status::refused});
    EXPECT_EQ(faults.of("a. A IN"), Status::malformed) << "the older half";
    for (std::size_t i = 0; i < RecentDnsFaults::kept_max; ++i)
        faults.note({std::to_string(i) + "x", Status::refused});
    EXPECT_EQ(faults.of("a. A IN"), Status::servfail) << "forgotten";
}

}  // namespace
}  // namespace sluice::net
