#include "app/check_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::app {
namespace {

using testing::HasSubstr;
using testing::Not;

relay::UpstreamOptions upstream() {
    return Config().relay.upstreams.front();
}

ProbeFindings postfix() {
    ProbeFindings found;
    found.host = "mx.example.org";
    found.ehlo.offer = smtp::Offer::everything();
    found.ehlo.xclient = "NAME ADDR PROTO HELO";
    found.identity = ProbeAnswer{true, ""};
    found.second_identity = ProbeAnswer{true, ""};
    found.ipv6_identity = ProbeAnswer{true, ""};
    found.foreign_recipient = ProbeAnswer{false, "554 5.7.1 Relay access denied"};
    return found;
}

TEST(CheckReport, AnMtaThatCanDoItAll) {
    const std::string report = mta_report(upstream(), postfix(), Config(), 2);
    EXPECT_THAT(report, HasSubstr("MTA 127.0.0.1:2526 calls itself mx.example.org"));
    EXPECT_THAT(report, HasSubstr("XCLIENT works: NAME ADDR PROTO HELO"));
    EXPECT_THAT(report, HasSubstr("pooling   works"));
    EXPECT_THAT(report, Not(HasSubstr("WARNING")));
    EXPECT_THAT(report, Not(HasSubstr("not offered")));
}

TEST(CheckReport, WhatIsMissingIsNamedWithWhatIsLost) {
    ProbeFindings found = postfix();
    found.ehlo.offer.remove(smtp::Extension::chunking);
    found.second_identity = ProbeAnswer{false, "503 5.5.1 Error: insufficient authorization"};
    found.ipv6_identity = ProbeAnswer{false, "501 5.5.4 Bad ADDR"};
    const std::string report = mta_report(upstream(), found, Config(), 2);
    EXPECT_THAT(report, HasSubstr("not offered, so clients are not offered it either: CHUNKING\n"));
    EXPECT_THAT(report, HasSubstr("is refused (503 5.5.1 Error: insufficient authorization)"));
    EXPECT_THAT(report, HasSubstr("an MTA connection of its own"));
    EXPECT_THAT(report, HasSubstr("not for IPv6 clients: 501 5.5.4 Bad ADDR"));
}

TEST(CheckReport, AnOpenRelayIsWarnedOf) {
    ProbeFindings found = postfix();
    found.foreign_recipient = ProbeAnswer{true, ""};
    EXPECT_THAT(mta_report(upstream(), found, Config(), 2), HasSubstr("smtpd_relay_restrictions"));
}

TEST(CheckReport, AnMtaThatWantsNamesIsWarnedOf) {
    ProbeFindings found = postfix();
    found.foreign_recipient =
        ProbeAnswer{false, "450 4.7.25 Client host rejected: cannot find your hostname"};
    Config nameless;
    nameless.front.policy.resolve_names = false;
    EXPECT_THAT(mta_report(upstream(), found, nameless, 2),
                testing::AllOf(HasSubstr("450 4.7.25"), HasSubstr("Set policy.resolve_names = true")));
    EXPECT_THAT(mta_report(upstream(), found, Config(), 2), Not(HasSubstr("WARNING")));
}

TEST(CheckReport, APoolAsLargeAsTheMtasProcessLimitIsWarnedOf) {
    Config config;
    config.relay.pool.connections_max = 20;
    EXPECT_THAT(mta_report(upstream(), postfix(), config, 4), Not(HasSubstr("WARNING")));
    EXPECT_THAT(mta_report(upstream(), postfix(), config, 5), HasSubstr("may open 100 connections"));
}

TEST(CheckReport, WithoutXclientTheMtaSeesSluice) {
    ProbeFindings found = postfix();
    found.ehlo.xclient.clear();
    found.identity.reset();
    found.second_identity.reset();
    EXPECT_THAT(mta_report(upstream(), found, Config(), 2), HasSubstr("must not be in its mynetworks"));
    relay::UpstreamOptions strict = upstream();
    strict.identity = relay::IdentityBy::xclient;
    EXPECT_THAT(mta_report(strict, found, Config(), 2), HasSubstr("counts as down"));
}

TEST(CheckReport, AnMtaThatDoesNotAnswer) {
    ProbeFindings found;
    found.unreachable = "Connection refused";
    EXPECT_EQ(mta_report(upstream(), found, Config(), 2),
              "MTA 127.0.0.1:2526 cannot be used: Connection refused\n");
}

TEST(CheckReport, TheMasterCfLinesHaveRoomForThePool) {
    Config config;
    config.relay.pool.connections_max = 30;
    relay::UpstreamOptions mta = upstream();
    mta.address.tcp.port = 10025;
    const std::string lines = master_cf_lines(mta, config.relay.pool, 4);
    EXPECT_THAT(lines, HasSubstr("127.0.0.1:10025  inet  n  -  y  -  140  smtpd\n"));
    EXPECT_THAT(lines, HasSubstr("  -o smtpd_authorized_xclient_hosts=static:all\n"));
    EXPECT_THAT(lines, HasSubstr("  -o smtpd_timeout=300s\n"));
    config.relay.pool.idle_max = Seconds{600};
    EXPECT_THAT(master_cf_lines(mta, config.relay.pool, 4), HasSubstr("  -o smtpd_timeout=1200s\n"));
}

TEST(CheckReport, TheMasterCfLinesOfferTlsWhereItIsUsed) {
    relay::UpstreamOptions mta = upstream();
    const relay::PoolOptions pool;
    EXPECT_THAT(master_cf_lines(mta, pool, 4), HasSubstr("smtpd_tls_security_level=none\n"));
    mta.tls.level = relay::MtaTls::may;
    EXPECT_THAT(master_cf_lines(mta, pool, 4), HasSubstr("smtpd_tls_security_level=may\n"));
    mta.tls.level = relay::MtaTls::automatic;
    mta.address.path = "/var/spool/postfix/public/sluice";
    EXPECT_THAT(master_cf_lines(mta, pool, 4), testing::StartsWith("sluice  unix  n  -  y  -"));
    EXPECT_THAT(master_cf_lines(mta, pool, 4), HasSubstr("smtpd_tls_security_level=none\n"));
}

TEST(CheckReport, PlaintextOnANetworkIsTold) {
    relay::UpstreamOptions mta = upstream();
    EXPECT_THAT(mta_report(mta, postfix(), Config(), 2), Not(HasSubstr("TLS")));
    mta.address.tcp.address = IpAddress::v4({192, 0, 2, 25});
    EXPECT_THAT(mta_report(mta, postfix(), Config(), 2), HasSubstr("TLS       none, it is not offered"));
    ProbeFindings found = postfix();
    found.tls = "TLSv1.3 with A";
    EXPECT_THAT(mta_report(mta, found, Config(), 2), HasSubstr("TLS       TLSv1.3 with A\n"));
}

}  // namespace
}  // namespace sluice::app
