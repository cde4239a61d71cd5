// An MTA verified by TLSA records, which come from a real name server with a zone signed for the test.
#include "relay/tlsa_watch.hpp"

#include <csignal>
#include <cstdlib>
#include <fmt/format.h>
#include <fstream>

#include "net/testing/test_certificates.hpp"
#include "net/testing/test_name_server.hpp"
#include "relay/testing/relay_fixture.hpp"

namespace sluice::relay {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class TlsaWatchTest : public RelayTest, protected net::TestCertificates {
  protected:
    TlsaWatchTest()
        : certificate(chain_file("mx.pem", "DNS:mx.example.org")), server({.chain_files = {certificate}}) {
        mta.tls = &server;
        (void)std::signal(SIGPIPE, SIG_IGN);  // as the program does: OpenSSL writes without MSG_NOSIGNAL
        std::ofstream{directory / "zone"}
            << "$ORIGIN signed.test.\n$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\n"
               "ns A 127.0.0.1\n"
            << record("right", net::key_digest(certificate)) << record("wrong", std::string(32, 'x'));
        const std::string sign = "cd " + directory.string() +
                                 " && key=$(ldns-keygen -a ECDSAP256SHA256 -k signed.test)"
                                 " && ldns-signzone zone $key && cp $key.ds anchor";
        // NOLINTNEXTLINE(cert-env33-c, concurrency-mt-unsafe): our own words, and no other thread yet
        if (std::system(sign.c_str()) != 0) throw std::runtime_error("cannot sign a zone");
        names.emplace(
            fmt::format("  local-zone: test. nodefault\n  local-data: \"{}\"\n"
                        "auth-zone:\n  name: signed.test\n  zonefile: {}\n"
                        "  for-downstream: yes\n  for-upstream: yes\n  fallback-enabled: no\n",
                        record("mx.plain.test.", net::key_digest(certificate), false),
                        (directory / "zone.signed").string()));
        resolver.emplace(loop, net::ResolverOptions{.servers = {names->server},
                                                    .trust_anchor_file = directory / "anchor",
                                                    .deadline = Seconds{10}});
        validating = &*resolver;
    }
    ~TlsaWatchTest() override { relay.reset(); }

    /// A DANE-EE record for the MTA's port at this name.
    std::string record(const std::string& name, const std::string& digest, bool line = true) const {
        std::string hex;
        for (const char octet : digest)
            hex += fmt::format("{:02x}", static_cast<unsigned char>(octet));
        return fmt::format("_{}._tcp.{} TLSA 3 1 1 {}{}", mta.endpoint().port, name, hex, line ? "\n" : "");
    }

    void start_with(const std::string& name) {
        options.upstreams = {upstream(mta)};
        options.upstreams[0].tls = {.level = MtaTls::dane_only, .name = name};
        start();
        ASSERT_TRUE(run_until([this] { return !notices.empty(); }, Seconds{20}));
    }
    /// The MTA is down for this reason, and no client was named to it.
    void expect_down(const std::string& why) {
        EXPECT_THAT(notices, ElementsAre(StartsWith("mta_down ")));
        EXPECT_THAT(reasons, ElementsAre(HasSubstr(why)));
        EXPECT_EQ(ask(1, "a@example.net").reply.code, 451);
        EXPECT_EQ(mta.count("XCLIENT"), 0U);
    }

    std::string certificate;
    net::TlsServerContext server;
    std::optional<net::TestNameServer> names;
    std::optional<net::Resolver> resolver;
};

TEST_F(TlsaWatchTest, LetsMailThroughToTheMtaThatARecordNames) {
    start_with("right.signed.test");
    EXPECT_THAT(notices, ElementsAre(StartsWith("mta_up ")));
    Send message(1, {"a@example.net"});
    EXPECT_EQ(send(message).reply.code, 250);
    EXPECT_TRUE(mta.delivered.at(0).encrypted);
}

TEST_F(TlsaWatchTest, KeepsMailFromWhoIsNotTheMta) {
    start_with("wrong.signed.test");
    expect_down("TLS: ");
    EXPECT_EQ(mta.count("EHLO"), mta.count("STARTTLS"));
}

TEST_F(TlsaWatchTest, TriesNobodyWithoutRecords) {
    start_with("none.signed.test");
    expect_down(fmt::format("the TLSA records _{}._tcp.none.signed.test do not exist", mta.endpoint().port));
    EXPECT_EQ(mta.accepted, 0U);
}

TEST_F(TlsaWatchTest, TriesNobodyByRecordsThatAnybodyCanForge) {
    start_with("mx.plain.test");
    expect_down("are not secured by DNSSEC");
    EXPECT_EQ(mta.accepted, 0U);
}

TEST_F(TlsaWatchTest, SaysWhyAndWhetherItStillAsks) {
    unsigned heard = 0;
    TlsaWatch watch(loop, *validating, "none.signed.test", 25, [&] { ++heard; });
    EXPECT_TRUE(watch.asking());
    EXPECT_THAT(watch.why(), EndsWith("have not been found yet"));
    ASSERT_TRUE(run_until([&] { return heard == 1; }, Seconds{20}));
    EXPECT_FALSE(watch.asking());
    EXPECT_EQ(watch.why(), "the TLSA records _25._tcp.none.signed.test do not exist");
}

}  // namespace
}  // namespace sluice::relay
