#include "app/check/dns.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::app {
namespace {

using Status = net::DnsAnswer::Status;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(ResolvConf, ServersAreReadAsTheLibraryReadsThem) {
    EXPECT_THAT(resolv_conf_servers("# none\nsearch example.org\nnameserver 192.0.2.53\n"
                                    "nameserver\t2001:db8::53 ; second\nnameservers 192.0.2.1\n"
                                    "nameserver fe80::1%eth0\nnameserver name.example\nnameserver 192.0.2.3"),
                ElementsAre("192.0.2.53", "2001:db8::53", "192.0.2.3"));
    EXPECT_TRUE(resolv_conf_servers("").empty());
}

TEST(NameServer, OnlySilenceAndRefusalAreTrouble) {
    EXPECT_EQ(judge_name_server("192.0.2.53", Status::found, true).severity, Severity::fine);
    EXPECT_EQ(judge_name_server("192.0.2.53", Status::absent, false).severity, Severity::fine);
    for (const Status status : {Status::servfail, Status::refused, Status::lame, Status::malformed,
                                Status::bogus, Status::unreachable, Status::not_asked, Status::timed_out}) {
        EXPECT_EQ(judge_name_server("192.0.2.53", status, true).severity, Severity::advice);
        const Finding finding = judge_name_server("192.0.2.53", status, false);
        EXPECT_EQ(finding.severity, Severity::hurts);
        EXPECT_THAT(finding.text, HasSubstr("mend 192.0.2.53: "));
    }
}

net::DnsAnswer answer(const char* address) {
    net::DnsAnswer made;
    made.status = Status::found;
    made.addresses = {IpAddress::parse(address).value()};
    return made;
}

net::DnsAnswer answer(Status status) {
    net::DnsAnswer made;
    made.status = status;
    return made;
}

Finding judged(const net::DnsAnswer& listed, const net::DnsAnswer& not_listed) {
    policy::DnsListOptions list;
    list.zone = "secretkey.bl.example.org";
    list.shown_as = "bl.example.org";
    list.accept = {policy::ReturnCodes::parse("127.0.0.4").value()};
    return judge_dns_list(list, {listed, not_listed});
}

TEST(DnsList, TellsItsTestEntriesApart) {
    const Finding good = judged(answer("127.0.0.2"), answer(Status::absent));
    EXPECT_EQ(good.severity, Severity::fine) << "the code of the test entry need not be one that counts";
    EXPECT_THAT(good.text, HasSubstr("bl.example.org"));

    const Finding empty = judged(answer(Status::absent), answer(Status::absent));
    EXPECT_EQ(empty.severity, Severity::advice);

    const Finding everybody = judged(answer("127.0.0.4"), answer("127.0.0.4"));
    EXPECT_EQ(everybody.severity, Severity::hurts);
    EXPECT_THAT(everybody.text, HasSubstr("it lists 127.0.0.1"));

    const Finding refuses = judged(answer("127.255.255.254"), answer(Status::absent));
    EXPECT_EQ(refuses.severity, Severity::hurts);
    EXPECT_THAT(refuses.text, HasSubstr("127.255.255.254"));

    const Finding taken_over = judged(answer("203.0.113.7"), answer("203.0.113.7"));
    EXPECT_EQ(taken_over.severity, Severity::hurts);

    const Finding silent = judged(answer(Status::timed_out), answer(Status::timed_out));
    EXPECT_EQ(silent.severity, Severity::hurts);
    EXPECT_THAT(silent.text, HasSubstr("no answer came in time"));

    for (const Finding& finding : {good, empty, everybody, refuses, taken_over, silent})
        EXPECT_EQ(finding.text.find("secretkey"), std::string::npos) << finding.text;
}

}  // namespace
}  // namespace sluice::app
