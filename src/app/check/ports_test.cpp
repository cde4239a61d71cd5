#include "app/check/ports.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

net::Endpoint at(const char* text) {
    return net::Endpoint::parse(text).value();
}

// The format of Linux 6.1: two listening sockets and a connection.
constexpr const char* proc_net_tcp =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    "   0: 0100007F:09DD 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12345 1 "
    "0000000000000000 100 0 0 10 0\n"
    "   1: 00000000:0019 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 777 1 0 100\n"
    "   2: 0100007F:0019 0100007F:C001 01 00000000:00000000 00:00000000 00000000     0        0 888 1 0 20\n";
constexpr const char* proc_net_tcp6 =
    "  sl  local_address                         remote_address                        st tx_queue rx_queue\n"
    "   0: B80D0120000000000000000001000000:0019 00000000000000000000000000000000:0000 0A "
    "00000000:00000000 00:00000000 00000000     0        0 999 1 0 100\n";

TEST(ProcNetTcp, ListenersAreRead) {
    EXPECT_THAT(read_proc_net_tcp(proc_net_tcp), ElementsAre(ListeningHere{at("127.0.0.1:2525"), 12345},
                                                             ListeningHere{at("0.0.0.0:25"), 777}));
    EXPECT_THAT(read_proc_net_tcp(proc_net_tcp6), ElementsAre(ListeningHere{at("[2001:db8::1]:25"), 999}));
    EXPECT_TRUE(read_proc_net_tcp("").empty());
    EXPECT_TRUE(read_proc_net_tcp("nonsense\n  0: XYZ:1 2 0A\n").empty());
}

TEST(Ports, AreInTheWayOfEachOther) {
    EXPECT_TRUE(are_in_each_others_way(at("0.0.0.0:25"), at("192.0.2.1:25")));
    EXPECT_TRUE(are_in_each_others_way(at("192.0.2.1:25"), at("192.0.2.1:25")));
    EXPECT_TRUE(are_in_each_others_way(at("192.0.2.1:25"), at("[::]:25")));
    EXPECT_FALSE(are_in_each_others_way(at("192.0.2.1:25"), at("192.0.2.2:25")));
    EXPECT_FALSE(are_in_each_others_way(at("0.0.0.0:25"), at("[2001:db8::1]:25")));
    EXPECT_FALSE(are_in_each_others_way(at("0.0.0.0:25"), at("0.0.0.0:26")));
}

Finding judged(std::errc error, const std::optional<PortHolder>& holder = std::nullopt, bool as_root = true) {
    return judge_port(at("0.0.0.0:25"), std::make_error_code(error), holder, as_root);
}

TEST(Port, WhoHasItDecides) {
    EXPECT_EQ(judge_port(at("0.0.0.0:25"), {}, std::nullopt, true).severity, Severity::fine);
    EXPECT_EQ(judged(std::errc::address_in_use, PortHolder{7, "sluice", true}).severity, Severity::fine);

    const Finding other = judged(std::errc::address_in_use, PortHolder{7, "sluice", false});
    EXPECT_EQ(other.severity, Severity::hurts);
    EXPECT_THAT(other.text, StartsWith("Stop sluice, or take 0.0.0.0:25 out of listen: process 7"));

    const Finding postfix = judged(std::errc::address_in_use, PortHolder{8, "master", false});
    EXPECT_EQ(postfix.severity, Severity::advice) << "mail goes on, and the check comes before the change";
    EXPECT_THAT(postfix.text, HasSubstr("master_service_disable = smtp.inet"));

    const Finding shares = judged(std::errc::address_in_use, PortHolder{7, "sluice", true, "master"});
    EXPECT_EQ(shares.severity, Severity::hurts);
    EXPECT_THAT(shares.text, StartsWith("Stop master listening at 0.0.0.0:25 (postconf -e"));

    EXPECT_EQ(judged(std::errc::address_in_use).severity, Severity::hurts);
    EXPECT_EQ(judged(std::errc::address_in_use, std::nullopt, false).severity, Severity::advice)
        << "it may be ours: only root can tell";
    EXPECT_EQ(judged(std::errc::address_in_use, PortHolder{1, "systemd", false}).severity, Severity::advice);
    EXPECT_THAT(judged(std::errc::address_family_not_supported).text, HasSubstr("no IPv6"));
    EXPECT_EQ(judged(std::errc::permission_denied).severity, Severity::advice) << "nothing is known";
    EXPECT_THAT(judged(std::errc::address_not_available).text, HasSubstr("no interface has it"));
}

}  // namespace
}  // namespace sluice::app
