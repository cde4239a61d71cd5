// Encryption towards the MTA: what is said only under TLS, and which server each level accepts as the MTA.

#include <unistd.h>

#include <csignal>
#include <cstdint>

#include "net/testing/test_certificates.hpp"
#include "relay/testing/relay_fixture.hpp"

namespace sluice::relay {
namespace {

using testing::AnyOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class RelayTls : public RelayTest, protected net::TestCertificates {
  protected:
    RelayTls()
        : certificate(chain_file("mx.pem", "DNS:mx.example.org")),
          another(chain_file("other.pem", "DNS:mx.example.org")),
          server({.chain_files = {certificate}}) {
        mta.tls = &server;
        (void)std::signal(SIGPIPE, SIG_IGN);  // as the program does: OpenSSL writes without MSG_NOSIGNAL
    }

    void use(const MtaTlsOptions& tls) {
        options.upstreams = {upstream(mta)};
        options.upstreams[0].tls = tls;
    }
    void expect_delivery(const MtaTlsOptions& tls) {
        restart(tls);
        Send message(1, {"a@example.net"});
        EXPECT_EQ(send(message).reply.code, 250);
        ASSERT_EQ(mta.delivered.size(), 1U);
        EXPECT_TRUE(mta.delivered[0].encrypted);
    }
    /// The MTA is down for this reason: no client's mail, not even its name, has reached it.
    void expect_down(const MtaTlsOptions& tls, const std::string& why) {
        restart(tls);
        Send message(1, {"a@example.net"});
        EXPECT_EQ(send(message).reply.code, 451);
        EXPECT_THAT(notices, ElementsAre("mta_down " + mta.endpoint().to_string()));
        EXPECT_THAT(reasons, ElementsAre(HasSubstr(why)));
        EXPECT_THAT(mta.seen, Not(Contains(HasSubstr("XCLIENT"))));
        EXPECT_THAT(mta.seen, Not(Contains(HasSubstr("MAIL"))));
    }
    void restart(const MtaTlsOptions& tls) {
        relay.reset();
        loop.turn(Millis{0});
        notices.clear();
        reasons.clear();
        mta.seen.clear();
        mta.delivered.clear();
        use(tls);
        start();
    }

    std::string certificate;
    std::string another;
    net::TlsServerContext server;
};

TEST_F(RelayTls, NamesClientsOnlyUnderTls) {
    use({.level = MtaTls::encrypt});
    start_and_reach();
    EXPECT_THAT(reasons, ElementsAre(StartsWith("it greets us as mx.internal.example, with TLSv1.3 and ")));
    EXPECT_EQ(ask(1, "a@example.net").reply.code, 250);
    EXPECT_THAT(
        mta.seen,
        ElementsAre("1 EHLO front.example", "1 STARTTLS", "1 EHLO front.example",
                    "1 XCLIENT ADDR=192.0.2.1 PORT=40001 PROTO=ESMTP NAME=[TEMPUNAVAIL] HELO=client1.example",
                    "1 EHLO client1.example", "1 MAIL FROM:<s@example.org>", "1 RCPT TO:<a@example.net>",
                    "1 RSET"));
    EXPECT_EQ(ask(2, "b@example.net").reply.code, 250);
    EXPECT_EQ(mta.count("STARTTLS"), 1U);
}

TEST_F(RelayTls, SparesAnMtaOnThisMachineByDefault) {
    start_and_reach();
    EXPECT_EQ(mta.count("STARTTLS"), 0U);
}

TEST_F(RelayTls, TakesAnyCertificateWhereThatIsEnough) {
    expect_delivery({.level = MtaTls::may});
    expect_delivery({.level = MtaTls::encrypt});
}

TEST_F(RelayTls, KnowsTheMtaByItsFingerprint) {
    const auto known_by = [](const std::string& digest) {
        return MtaTlsOptions{.level = MtaTls::fingerprint, .fingerprints = {digest}};
    };
    expect_delivery(known_by(net::certificate_digest(certificate)));
    expect_delivery(known_by(net::key_digest(certificate)));
    expect_down(known_by(net::certificate_digest(another)), "TLS: ");
}

TEST_F(RelayTls, KnowsTheMtaByItsNameAndAuthority) {
    const auto named = [](const std::string& name, const std::string& authority) {
        return MtaTlsOptions{.level = MtaTls::verify, .name = name, .ca_file = authority};
    };
    expect_delivery(named("mx.example.org", certificate));
    expect_down(named("mail.example.org", certificate), "TLS: hostname mismatch");
    expect_down(named("mx.example.org", another), "TLS: ");
    expect_down(named("mx.example.org", ""), "TLS: self-signed certificate");
}

TEST_F(RelayTls, NeedsAResolverForTlsaRecords) {
    expect_down({.level = MtaTls::dane_only, .name = "mx.example.org"},
                "there is no resolver for its TLSA records");
    EXPECT_EQ(mta.accepted, 0U);
}

TEST_F(RelayTls, DoesWithoutOnlyWhereItMay) {
    mta.tls = nullptr;
    expect_down({.level = MtaTls::encrypt}, "it does not offer STARTTLS");
    use({.level = MtaTls::may});
    restart({.level = MtaTls::may});
    EXPECT_EQ(ask(1, "a@example.net").reply.code, 250);
}

TEST_F(RelayTls, DoesWithoutWhereStartTlsIsRefused) {
    mta.script = always("STARTTLS", "454 4.7.0 TLS not available");
    expect_down({.level = MtaTls::encrypt}, "it said 454 4.7.0 TLS not available");
    restart({.level = MtaTls::may});
    EXPECT_EQ(ask(1, "a@example.net").reply.code, 250);
}

TEST_F(RelayTls, GoesOnInTheClearAfterAFailedHandshakeOnlyWhereItMay) {
    mta.script = always("handshake", "this is no TLS");
    expect_down({.level = MtaTls::encrypt}, "TLS: ");
    EXPECT_GE(mta.count("STARTTLS"), 1U);

    restart({.level = MtaTls::may});
    const unsigned first = mta.accepted + 1;
    Send message(1, {"a@example.net"});
    EXPECT_EQ(send(message).reply.code, 250);
    EXPECT_FALSE(mta.delivered.at(0).encrypted);
    EXPECT_THAT(notices, Contains(StartsWith("mta_tls_failed")));
    EXPECT_THAT(notices, Not(Contains(StartsWith("mta_down"))));
    // The next connections do not even try TLS, for a while.
    EXPECT_EQ(mta.count("STARTTLS"), 1U);
    EXPECT_EQ(mta.accepted, first + 1);
}

TEST_F(RelayTls, IsNotKeptWaitingInAHandshake) {
    mta.script = always("handshake", ScriptedMta::hang);
    expect_down({.level = MtaTls::encrypt}, "it did not answer in time");
}

TEST_F(RelayTls, SurvivesResetsAtAnyMoment) {
    for (const char* verb : {"handshake", "EHLO", "XCLIENT", "MAIL", "DATA", "content", "dot"}) {
        // The second EHLO is the one under TLS.
        mta.script = at(verb, ScriptedMta::die, verb == std::string("EHLO") ? 2 : 1);
        restart({.level = MtaTls::encrypt});
        Send message(1, {"a@example.net"}, std::string(300'000, 'x') + "\r\n");
        EXPECT_EQ(send(message).reply.code, 451) << verb;
        EXPECT_THAT(mta.delivered, IsEmpty()) << verb;
        EXPECT_THAT(reasons, Contains(AnyOf("TLS: Connection reset by peer", StartsWith("it greets us"))));
        // The MTA then comes back.
        ASSERT_TRUE(run_until([this] { return ask(1, "a@example.net").reply.code == 250; })) << verb;
    }
}

/// A file that is deleted with its descriptor.
net::Fd file_of(std::string_view octets) {
    char path[] = "/tmp/sluice-relay-test-XXXXXX";
    net::Fd file(::mkstemp(path));
    ::unlink(path);
    EXPECT_EQ(::write(file.get(), octets.data(), octets.size()), static_cast<ssize_t>(octets.size()));
    return file;
}

TEST_F(RelayTls, SendsWhatIsInMemoryInChunksAndInAFile) {
    use({.level = MtaTls::encrypt});
    start_and_reach();
    std::string lines;
    while (lines.size() < 1'000'000)
        lines += std::to_string(lines.size()) + " the quick brown fox jumps over the lazy dog\r\n";
    const net::Fd file = file_of(lines);
    for (const std::size_t chunk_octets :
         {std::size_t{0}, std::size_t{100}, std::size_t{16'384}, std::size_t{40'000}}) {
        const std::vector<std::string_view> chunks(100, std::string_view(lines).substr(0, chunk_octets));
        for (const std::uint64_t file_octets :
             {std::uint64_t{0}, std::uint64_t{16'384}, std::uint64_t{lines.size()}}) {
            Send message(1, {"a@example.net"}, "Subject: long\r\n\r\n");
            message.message.chunks = chunks;
            std::string expected = message.octets;
            for (const std::string_view chunk : chunks)
                expected += chunk;
            expected += lines.substr(0, file_octets);
            if (!expected.ends_with("\r\n")) continue;
            message.message.fd = file.get();
            message.message.file_octets = file_octets;
            EXPECT_EQ(send(message).reply.code, 250);
            EXPECT_TRUE(mta.delivered.back().content == expected) << chunk_octets << " " << file_octets;
        }
    }
}

TEST_F(RelayTls, DeliversNothingOfAFileCutShort) {
    use({.level = MtaTls::encrypt});
    start_and_reach();
    const net::Fd file = file_of("abc\r\n");
    Send message(1, {"a@example.net"}, "Subject: short\r\n\r\n");
    message.message.fd = file.get();
    message.message.file_octets = 1000;
    EXPECT_EQ(send(message).reply.code, 451);
    run_for(Millis{20});
    EXPECT_THAT(mta.delivered, IsEmpty());
}

TEST_F(RelayTls, WaitsNoLongerForAnMtaThatStopsReading) {
    mta.script = at("content", ScriptedMta::hang);
    use({.level = MtaTls::encrypt});
    start_and_reach();
    std::string more_than_two_sockets_hold = "\r\n";
    more_than_two_sockets_hold.insert(0, 30'000'000, 'x');
    Send message(1, {"a@example.net"}, more_than_two_sockets_hold);
    EXPECT_EQ(send(message).reply.text, "4.4.2 The mail server does not answer, please try again later");
    EXPECT_THAT(mta.delivered, IsEmpty());
}

class RelayTlsLogin : public RelayTls {
  protected:
    RelayTlsLogin() { mta.auth = "PLAIN"; }

    int authenticate() {
        login = relay->open_login(client);
        if (!login) return 0;
        Authenticate question(*login, client, "AUTH PLAIN AGEAcHc=");
        relay->authenticate(question);
        EXPECT_TRUE(run_until([&] { return question.got.has_value(); }));
        return question.got ? question.got->reply.code : 0;
    }

    smtp::ClientIdentity client = client_at(1);
    std::unique_ptr<smtp::Login> login;
};

TEST_F(RelayTlsLogin, SaysPasswordsOnlyUnderTls) {
    use({.level = MtaTls::encrypt});
    start_and_reach();
    EXPECT_EQ(relay->auth_mechanisms(), "PLAIN");
    EXPECT_EQ(authenticate(), 235);
    EXPECT_THAT(
        mta.seen,
        ElementsAre("1 EHLO front.example", "1 STARTTLS", "1 EHLO front.example", "2 EHLO front.example",
                    "2 STARTTLS", "2 EHLO front.example",
                    "2 XCLIENT ADDR=192.0.2.1 PORT=40001 PROTO=ESMTP NAME=[TEMPUNAVAIL] HELO=client1.example",
                    "2 EHLO client1.example", "2 AUTH PLAIN AGEAcHc="));
    Send message(1, {"a@example.net"});
    message.login = login.get();
    EXPECT_EQ(send(message).reply.code, 250);
    EXPECT_TRUE(mta.delivered.at(0).encrypted);
    EXPECT_TRUE(mta.delivered.at(0).authenticated);
}

TEST_F(RelayTlsLogin, TellsNoPasswordToWhoIsNotTheMta) {
    use({.level = MtaTls::fingerprint, .fingerprints = {net::key_digest(certificate)}});
    start_and_reach();
    // Another server answers from now on.
    const net::TlsServerContext impostor({.chain_files = {another}});
    mta.tls = &impostor;
    EXPECT_EQ(authenticate(), 454);
    EXPECT_EQ(mta.count("2 STARTTLS"), 1U);
    EXPECT_EQ(mta.count("AUTH"), 0U);
    EXPECT_EQ(mta.count("XCLIENT"), 0U);
    mta.hang_up();
    mta.tls = &server;
    login.reset();
    run_for(Millis{20});
}

TEST_F(RelayTlsLogin, TellsNoPasswordWhereTlsIsNoLongerOffered) {
    use({.level = MtaTls::encrypt});
    start_and_reach();
    mta.tls = nullptr;
    EXPECT_EQ(authenticate(), 454);
    EXPECT_EQ(mta.count("AUTH"), 0U);
    EXPECT_EQ(mta.count("XCLIENT"), 0U);
}

}  // namespace
}  // namespace sluice::relay
