#include "app/check/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::app {
namespace {

using testing::AllOf;
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
    found.own_recipient = found.foreign_recipient;
    found.recipients = RecipientsTaken{1000, 1000, ""};
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

TEST(CheckReport, AnOpenRelayIsAnError) {
    EXPECT_FALSE(has_errors(upstream(), postfix(), Config()));
    EXPECT_THAT(
        mta_report(upstream(), postfix(), Config(), 2),
        AllOf(HasSubstr("  relaying  refused: 554 5.7.1 Relay access denied\n"), Not(HasSubstr("ERROR"))));
    ProbeFindings strangers = postfix();
    strangers.foreign_recipient = ProbeAnswer{true, ""};
    EXPECT_THAT(mta_report(upstream(), strangers, Config(), 2),
                AllOf(HasSubstr("  ERROR     Let nobody relay by being a stranger"),
                      HasSubstr("smtpd_relay_restrictions")));
    EXPECT_TRUE(relays_wrongly(upstream(), strangers) && has_errors(upstream(), strangers, Config()));
    ProbeFindings itself = postfix();
    itself.own_recipient = ProbeAnswer{true, ""};
    EXPECT_THAT(mta_report(upstream(), itself, Config(), 2),
                AllOf(HasSubstr("  ERROR     Take the address that Sluice connects from out of mynetworks"),
                      HasSubstr("A connection that loses"), Not(HasSubstr("stranger"))));
    EXPECT_TRUE(relays_wrongly(upstream(), itself) && has_errors(upstream(), itself, Config()));
    itself.identity.reset();
    itself.foreign_recipient.reset();
    EXPECT_THAT(mta_report(upstream(), itself, Config(), 2),
                HasSubstr("With identity = \"none\" all clients could send"));
}

TEST(CheckReport, FewerRecipientsThanClientsMayNameAreWarnedOf) {
    Config config;
    ProbeFindings found = postfix();
    EXPECT_THAT(mta_report(upstream(), found, config, 2),
                HasSubstr("recipients 1000 in one transaction are taken\n"));
    found.recipients = RecipientsTaken{200, 150, "452 4.5.3 Error: too many recipients"};
    EXPECT_THAT(
        mta_report(upstream(), found, config, 2),
        HasSubstr(
            "WARNING   Set smtpd_recipient_limit = 1000 at the MTA, or limits.recipients_max = 150 here"));
    found.recipients->taken = 50;  // below the least that our limit may be
    EXPECT_THAT(mta_report(upstream(), found, config, 2), HasSubstr("limits.recipients_max = 100 here"));
    found.recipients = RecipientsTaken{101, 101, ""};
    EXPECT_THAT(mta_report(upstream(), found, config, 2),
                HasSubstr("101 in one transaction are taken; no more were asked"));
    found.recipients = RecipientsTaken{100, 0, "550 5.1.1 no"};
    EXPECT_THAT(mta_report(upstream(), found, config, 2),
                HasSubstr("does not take <postmaster>: 550 5.1.1 no"));
    EXPECT_FALSE(has_errors(upstream(), found, config));
}

TEST(CheckReport, Ipv6ClientsBeforeAnMtaWithoutIpv6AreAnError) {
    ProbeFindings found = postfix();
    found.ipv6_identity = ProbeAnswer{false, "501 5.5.4 Bad ADDR"};
    Config config;
    EXPECT_FALSE(has_errors(upstream(), found, config));
    config.listen = {{IpAddress::v4({}), 25}, {IpAddress::v6({}), 25}};
    EXPECT_TRUE(has_errors(upstream(), found, config));
    EXPECT_THAT(mta_report(upstream(), found, config, 2), HasSubstr("  ERROR     Set inet_protocols = all"));
    EXPECT_FALSE(has_errors(upstream(), postfix(), config));
}

TEST(CheckReport, Ipv6AloneLeavesIpv4Out) {
    Config config;
    const net::Endpoint ipv4{IpAddress::v4({}), 25}, ipv6{IpAddress::v6({}), 25};
    config.listen = {ipv6};
    EXPECT_THAT(listen_report(config), testing::StartsWith("WARNING   Add \"0.0.0.0:25\" to listen if IPv4"));
    config.listen = {ipv4, ipv6};
    EXPECT_EQ(listen_report(config), "");
    config.listen = {ipv4};
    EXPECT_EQ(listen_report(config), "");
    config.listen = {{IpAddress::v6({0x20, 1, 0xd, 0xb8}), 25}};
    EXPECT_EQ(listen_report(config), "") << "one address is what was meant";
    config.listen = {ipv4, ipv6};
    config.tls_listen = {{IpAddress::v6({}), 465}};
    EXPECT_THAT(listen_report(config), HasSubstr("\"0.0.0.0:465\" to tls_listen"));
}

TEST(CheckReport, AnMtaThatWantsNamesIsWarnedOf) {
    ProbeFindings found = postfix();
    found.foreign_recipient =
        ProbeAnswer{false, "450 4.7.25 Client host rejected: cannot find your hostname"};
    Config nameless;
    nameless.front.policy.resolve_names = false;
    EXPECT_THAT(mta_report(upstream(), found, nameless, 2),
                AllOf(HasSubstr("450 4.7.25"), HasSubstr("Set policy.resolve_names = true")));
    EXPECT_THAT(mta_report(upstream(), found, Config(), 2), Not(HasSubstr("WARNING")));
}

TEST(CheckReport, AuthThatCannotBePassedOnIsWarnedOf) {
    Config config;
    EXPECT_THAT(mta_report(upstream(), postfix(), config, 2), Not(HasSubstr("AUTH")));
    config.front.server.auth = smtp::ServerOptions::Auth::over_tls;
    EXPECT_THAT(mta_report(upstream(), postfix(), config, 2),
                HasSubstr("WARNING   Let this listener offer AUTH"));
    ProbeFindings found = postfix();
    found.ehlo.auth = "PLAIN LOGIN";
    EXPECT_THAT(mta_report(upstream(), found, config, 2), Not(HasSubstr("AUTH")));
}

TEST(CheckReport, APoolAsLargeAsTheMtasProcessLimitIsWarnedOf) {
    Config config;
    config.relay.pool.connections_max = 20;
    EXPECT_THAT(mta_report(upstream(), postfix(), config, 4), Not(HasSubstr("WARNING")));
    EXPECT_THAT(mta_report(upstream(), postfix(), config, 5),
                HasSubstr("above 100: 5 workers times relay.pool.connections_max = 20"));
}

TEST(CheckReport, WithoutXclientTheMtaCountsAsDown) {
    ProbeFindings found = postfix();
    found.ehlo.xclient.clear();
    found.identity.reset();
    found.second_identity.reset();
    for (const relay::IdentityBy by : {relay::IdentityBy::automatic, relay::IdentityBy::xclient}) {
        relay::UpstreamOptions strict = upstream();
        strict.identity = by;
        EXPECT_THAT(mta_report(strict, found, Config(), 2),
                    testing::AllOf(HasSubstr("counts as down"), HasSubstr("identity = \"none\"")));
    }
    relay::UpstreamOptions none = upstream();
    none.identity = relay::IdentityBy::none;
    EXPECT_THAT(mta_report(none, found, Config(), 2), HasSubstr("must not be in its mynetworks"));
}

TEST(CheckReport, AnMtaThatDoesNotAnswer) {
    ProbeFindings found;
    found.unreachable = "Connection refused";
    EXPECT_EQ(mta_report(upstream(), found, Config(), 2),
              "MTA 127.0.0.1:2526 cannot be used: Connection refused\n"
              "  ERROR     Start it, or correct relay.mta (`sluice check --print-postconf` prints the\n"
              "            listener that a Postfix needs): without an MTA all mail is put off\n");
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
