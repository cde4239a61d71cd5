#include "app/postfix/master_cf.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "app/config/config.hpp"

namespace sluice::app {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

ListenerWish wish() {
    Config config;
    ListenerWish made{.mta = config.relay.upstreams.front(), .pool = {}, .workers = 4, .source = {}};
    made.mta.address.tcp.port = 10025;
    return made;
}

PostfixService smtpd(std::string name, std::string type, std::vector<PostfixOption> options) {
    return {.name = std::move(name),
            .type = std::move(type),
            .chroot = "n",
            .command = "smtpd",
            .options = std::move(options)};
}

PostfixSettings postfix(std::vector<PostfixOption> options) {
    PostfixSettings settings;
    settings.parameters["mynetworks"] = "127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128 10.0.0.0/8";
    settings.parameters["cleanup_service_name"] = "cleanup";
    settings.services = {
        smtpd("smtp", "inet", std::move(options)),
        {.name = "cleanup", .type = "unix", .chroot = "n", .command = "cleanup", .options = {}}};
    return settings;
}

std::string lines(const ListenerWish& wish, const PostfixSettings& settings) {
    const auto listener = private_listener(wish, &settings);
    return listener ? master_cf_lines(*listener) : "refused";
}

/// The lines for a Postfix on another machine.
std::string generic_lines(const ListenerWish& wish) {
    return master_cf_lines(private_listener(wish, nullptr).value());
}

TEST(GuardedNetworks, BeginWithWhatSluiceIs) {
    const auto ours = IpAddress::v4({192, 0, 2, 10});
    const struct {
        std::string theirs;
        std::optional<IpAddress> source;
        std::string guarded;
    } table[] = {
        {"", {}, "!127.0.0.0/8,![::1]/128"},
        {"127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128", {}, "!127.0.0.0/8,![::1]/128"},
        {"127.0.0.1, 127.0.0.1/32,[::1]", {}, "!127.0.0.0/8,![::1]/128"},
        {"10.0.0.0/8, [2001:db8::]/32", {}, "!127.0.0.0/8,![::1]/128,10.0.0.0/8,[2001:db8::]/32"},
        {"192.0.2.0/24", ours, "!127.0.0.0/8,![::1]/128,!192.0.2.10,192.0.2.0/24"},
        {"192.0.2.10", ours, "!127.0.0.0/8,![::1]/128,!192.0.2.10,192.0.2.10"},
        {"10.0.0.0/8", IpAddress::parse("2001:db8::2"), "!127.0.0.0/8,![::1]/128,![2001:db8::2],10.0.0.0/8"},
        {"10.0.0.0/8", IpAddress::v4({127, 0, 0, 1}), "!127.0.0.0/8,![::1]/128,10.0.0.0/8"},
        // A network larger than loopback stays: the patterns before it take precedence.
        {"0.0.0.0/0 $more", {}, "!127.0.0.0/8,![::1]/128,0.0.0.0/0,$more"},
        {"cidr:/etc/nets !10.1.0.0/16 /etc/file",
         {},
         "!127.0.0.0/8,![::1]/128,cidr:/etc/nets,!10.1.0.0/16,/etc/file"},
        {"cidr:{{10.0.0.0/8 OK}, {127.0.0.1 OK}}",
         {},
         "!127.0.0.0/8,![::1]/128,cidr:{{10.0.0.0/8 OK}, {127.0.0.1 OK}}"},
        // Our own earlier output.
        {"!127.0.0.0/8,![::1]/128,!192.0.2.10,10.0.0.0/8", ours,
         "!127.0.0.0/8,![::1]/128,!192.0.2.10,10.0.0.0/8"},
    };
    for (const auto& row : table)
        EXPECT_EQ(guarded_networks(row.theirs, row.source), row.guarded) << row.theirs;
}

TEST(MasterCf, HasRoomForThePool) {
    ListenerWish wanted = wish();
    wanted.pool.connections_max = 30;
    EXPECT_THAT(
        generic_lines(wanted),
        AllOf(StartsWith("# Take over by hand"),
              HasSubstr("\n127.0.0.1:10025  inet  n  -  y  -  140  smtpd\n"),
              HasSubstr("  -o smtpd_authorized_xclient_hosts=static:all\n"),
              HasSubstr("  -o mynetworks=!127.0.0.0/8,![::1]/128\n"), HasSubstr("  -o smtpd_timeout=300s\n"),
              EndsWith("sluice-cleanup  unix  n  -  y  -  0  cleanup\n  -o in_flow_delay=0\n")));
    wanted.pool.idle_max = Seconds{600};
    EXPECT_THAT(generic_lines(wanted), HasSubstr("  -o smtpd_timeout=1200s\n"));
}

TEST(MasterCf, OffersTlsWhereItIsUsed) {
    ListenerWish wanted = wish();
    EXPECT_THAT(generic_lines(wanted), HasSubstr("smtpd_tls_security_level=none\n"));
    wanted.mta.tls.level = relay::MtaTls::may;
    EXPECT_THAT(generic_lines(wanted), HasSubstr("smtpd_tls_security_level=may\n"));
    wanted.mta.tls.level = relay::MtaTls::automatic;
    wanted.mta.address.path = "/var/spool/postfix/public/sluice";
    EXPECT_THAT(generic_lines(wanted),
                AllOf(HasSubstr("\nsluice  unix  n  -  y  -"), HasSubstr("smtpd_tls_security_level=none\n")));
}

TEST(MasterCf, AuthIsNotLostForWantOfTlsBehind) {
    const PostfixSettings strict = postfix({{"smtpd_tls_auth_only", "yes"}});
    ListenerWish wanted = wish();
    EXPECT_THAT(lines(wanted, strict),
                AllOf(HasSubstr("  -o smtpd_tls_auth_only=no\n"),
                      HasSubstr("smtpd_tls_auth_only=yes (Sluice offers AUTH under TLS only")));
    EXPECT_THAT(lines(wanted, postfix({})), Not(HasSubstr("smtpd_tls_auth_only")));
    wanted.mta.tls.level = relay::MtaTls::encrypt;
    EXPECT_THAT(lines(wanted, strict), HasSubstr("  -o smtpd_tls_auth_only=yes\n"));
}

TEST(MasterCf, TakesOverTheOptionsOfThePublicListener) {
    const std::string text = lines(
        wish(),
        postfix({{"smtpd_proxy_filter", "127.0.0.1:10024"},
                 {"smtpd_milters", "inet:localhost:8891, { inet:localhost:8892, default_action=accept }"},
                 {"content_filter", ""},
                 {"smtpd_timeout", "30s"},
                 {"syslog_name", "postfix/mx"},
                 {"smtpd_junk_command_limit", "1000000"}}));
    EXPECT_THAT(
        text,
        StartsWith("# The options of smtp/inet are taken over from here on.\n"
                   "# Programs of this machine that sent through it use sendmail(1) or the submission port "
                   "instead.\n# Not taken over from smtp/inet: "
                   "smtpd_timeout=30s (Sluice keeps connections open).\n"));
    EXPECT_THAT(text, HasSubstr("\n# postconf -e 'master_service_disable = smtp.inet' && postfix reload\n"));
    EXPECT_THAT(text, HasSubstr("syslog_name=postfix/mx ("));
    EXPECT_THAT(text, Not(HasSubstr("from smtp/inet: smtpd_junk_command_limit"))) << "it is what ours is";
    EXPECT_THAT(text, HasSubstr("\n127.0.0.1:10025  inet  n  -  n  -  100  smtpd\n"));
    EXPECT_THAT(text, HasSubstr("  -o mynetworks=!127.0.0.0/8,![::1]/128,10.0.0.0/8\n"));
    EXPECT_THAT(
        text,
        HasSubstr(
            "  -o smtpd_proxy_filter=127.0.0.1:10024\n"
            "  -o { smtpd_milters = inet:localhost:8891, { inet:localhost:8892, default_action=accept } }\n"
            "  -o content_filter=\n"
            "sluice-cleanup  unix  n  -  n  -  0  cleanup\n"));
}

TEST(MasterCf, TheListenersOwnNetworksCount) {
    EXPECT_THAT(lines(wish(), postfix({{"mynetworks", "$trusted, 127.0.0.1"}})),
                AllOf(HasSubstr("  -o mynetworks=!127.0.0.0/8,![::1]/128,$trusted\n"),
                      Not(HasSubstr("Not taken over"))));
}

TEST(MasterCf, CopiesTheCleanupServiceThatIsUsed) {
    PostfixSettings settings = postfix({{"cleanup_service_name", "pre-cleanup"}});
    settings.services.push_back({.name = "pre-cleanup",
                                 .type = "unix",
                                 .chroot = "y",
                                 .command = "cleanup",
                                 .options = {{"virtual_alias_maps", ""}, {"in_flow_delay", "2s"}}});
    EXPECT_THAT(lines(wish(), settings),
                AllOf(HasSubstr("  -o cleanup_service_name=sluice-cleanup\n"),
                      EndsWith("sluice-cleanup  unix  n  -  y  -  0  cleanup\n  -o in_flow_delay=0\n"
                               "  -o virtual_alias_maps=\n")));
}

TEST(MasterCf, TheLoadBalancerIsSluicesAffair) {
    EXPECT_THAT(
        lines(wish(), postfix({{"smtpd_upstream_proxy_protocol", "haproxy"}})),
        AllOf(HasSubstr("set proxy_protocol.networks"), HasSubstr("  -o smtpd_upstream_proxy_protocol=\n")));
    PostfixSettings settings = postfix({});
    EXPECT_THAT(lines(wish(), settings), Not(HasSubstr("upstream_proxy")));
    settings.parameters["smtpd_upstream_proxy_protocol"] = "haproxy";
    EXPECT_THAT(lines(wish(), settings), HasSubstr("  -o smtpd_upstream_proxy_protocol=\n"));
    ListenerWish by_proxy = wish();
    by_proxy.mta.identity = relay::IdentityBy::proxy_v2;
    EXPECT_THAT(lines(by_proxy, postfix({})), HasSubstr("  -o smtpd_upstream_proxy_protocol=haproxy\n"));
}

TEST(MasterCf, TlsAtOnceIsSluicesAffair) {
    EXPECT_THAT(lines(wish(), postfix({{"smtpd_tls_wrappermode", "yes"}})),
                AllOf(HasSubstr("(tls_listen)"), HasSubstr("  -o smtpd_tls_wrappermode=no\n")));
}

TEST(MasterCf, BehindAPostscreenTheOptionsAreThoseOfItsSmtpd) {
    PostfixSettings settings = postfix({});
    settings.services.front().command = "postscreen";
    const auto refused = private_listener(wish(), &settings);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error(), StartsWith("Define smtpd/pass in master.cf: smtp/inet is postscreen"));
    settings.services.push_back(smtpd("smtpd", "pass", {{"content_filter", "scan"}}));
    EXPECT_THAT(lines(wish(), settings),
                AllOf(StartsWith("# The options of smtpd/pass are taken over"), HasSubstr("= smtp.inet'"),
                      HasSubstr("tests of postscreen"), HasSubstr("  -o content_filter=scan\n"),
                      Not(HasSubstr("proxy_protocol.networks"))));
    settings.parameters["postscreen_upstream_proxy_protocol"] = "haproxy";
    EXPECT_THAT(lines(wish(), settings), HasSubstr("# Set proxy_protocol.networks"));
}

TEST(MasterCf, TwoPublicListenersOfTheSameKindAreOne) {
    PostfixSettings settings = postfix({{"content_filter", "scan"}});
    settings.services.push_back(smtpd("[::1]:25", "inet", {{"content_filter", "scan"}}));
    EXPECT_THAT(lines(wish(), settings),
                AllOf(HasSubstr("  -o content_filter=scan\n"),
                      HasSubstr("'master_service_disable = smtp.inet, [::1]:25.inet'")));
    settings.services.back().options.clear();
    const auto refused = private_listener(wish(), &settings);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error(),
                StartsWith("Leave one smtpd on port 25 in master.cf: smtp/inet and [::1]:25/inet"));
}

TEST(MasterCf, AnotherProgramOnPort25IsRefused) {
    PostfixSettings settings = postfix({});
    settings.services.front().command = "spawn";
    const auto refused = private_listener(wish(), &settings);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error(), HasSubstr("smtp/inet is no smtpd but spawn"));
}

TEST(MasterCf, WithoutAPublicListenerTheFormerPrivateOneGoesOn) {
    PostfixSettings settings = postfix({});
    settings.services.front() = smtpd("submission", "inet", {{"content_filter", "no"}});
    EXPECT_THAT(lines(wish(), settings), AllOf(StartsWith("# No smtpd is on port 25 in this master.cf"),
                                               HasSubstr("mynetworks=!127.0.0.0/8,![::1]/128,10.0.0.0/8\n"),
                                               Not(HasSubstr("content_filter"))));
    settings.services.push_back(smtpd("127.0.0.1:10025", "inet", {{"content_filter", "scan"}}));
    EXPECT_THAT(
        lines(wish(), settings),
        AllOf(StartsWith("# The options of 127.0.0.1:10025/inet are taken over from here on.\n"
                         "# Take out the former entries above, which these replace: 127.0.0.1:10025/inet.\n"),
              HasSubstr("  -o content_filter=scan\n"), Not(HasSubstr("master_service_disable"))));
}

TEST(MasterCf, NobodyIsAProgramOfThisMachine) {
    PostfixSettings settings = postfix({{"smtpd_client_restrictions", "Permit_Inet_Interfaces"}});
    settings.parameters["smtpd_client_restrictions"] = "reject";
    settings.parameters["smtpd_relay_restrictions"] =
        "permit_mynetworks, permit_inet_interfaces, check_client_access inline:{{a = b}, {c = d}}";
    settings.parameters["local_header_rewrite_clients"] = "permit_inet_interfaces";
    EXPECT_THAT(lines(wish(), settings),
                AllOf(HasSubstr("# Left out of smtpd_client_restrictions: permit_inet_interfaces, "),
                      HasSubstr("# Left out of smtpd_relay_restrictions: permit_inet_interfaces, "),
                      HasSubstr("\n  -o smtpd_client_restrictions=\n"),
                      HasSubstr("\n  -o { smtpd_relay_restrictions = permit_mynetworks,check_client_access,"
                                "inline:{{a = b}, {c = d}} }\n"),
                      HasSubstr("\n  -o local_header_rewrite_clients=\n"),
                      Not(HasSubstr("smtpd_sender_restrictions")), Not(HasSubstr("Not taken over"))));
    EXPECT_THAT(lines(wish(), postfix({})), Not(HasSubstr("permit_inet_interfaces"))) << "it is nowhere";
    EXPECT_THAT(generic_lines(wish()), HasSubstr("  -o local_header_rewrite_clients=\n"));
}

TEST(MasterCf, TheAddressThatSluiceConnectsFromMayBeAnother) {
    ListenerWish far = wish();
    far.mta.address.tcp.address = IpAddress::v4({192, 0, 2, 25});
    far.source = IpAddress::v4({192, 0, 2, 10});
    EXPECT_THAT(lines(far, postfix({})),
                AllOf(HasSubstr(",!192.0.2.10,10.0.0.0/8\n"),
                      HasSubstr("# Let nobody but Sluice connect to 192.0.2.25:10025 (firewall)"),
                      Not(HasSubstr("in the place of"))));
    far.source = far.mta.address.tcp.address;
    EXPECT_THAT(lines(far, postfix({})),
                HasSubstr("# Put the address that Sluice connects from in the place of !192.0.2.25, if"));
}

}  // namespace
}  // namespace sluice::app
