// TLS streams against OpenSSL's own client, over a socket pair.
#include "net/tls.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "net/fd.hpp"
#include "net/socket.hpp"
#include "net/testing/test_certificates.hpp"

namespace sluice::net {
namespace {

using Handshake = TlsStream::Handshake;

class TlsTest : public testing::Test, protected TestCertificates {
  protected:
    /// Connects a client that sends nothing yet to a server's stream.
    void connect(const TlsServerContext& context, const char* name = nullptr) {
        int ends[2];
        ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
        client_end = Fd{ends[0]};
        server_end = Fd{ends[1]};
        stream = TlsStream(context, server_end.get());
        client.reset(SSL_new(client_context.get()));
        SSL_set_fd(client.get(), client_end.get());
        SSL_set_connect_state(client.get());
        if (name != nullptr) SSL_set_tlsext_host_name(client.get(), name);
    }
    Handshake shake_hands() {
        Handshake result = Handshake::more;
        for (int turns = 0; turns < 20; ++turns) {
            const int done = SSL_do_handshake(client.get());
            if (result == Handshake::more) result = stream.shake_hands();
            if (result == Handshake::failed || (done == 1 && result == Handshake::done)) break;
        }
        return result;
    }
    /// The first name in the certificate the client was shown.
    std::string shown() const {
        const Certificate certificate(SSL_get1_peer_certificate(client.get()));
        const std::unique_ptr<GENERAL_NAMES, Freed<GENERAL_NAMES_free>> names(static_cast<GENERAL_NAMES*>(
            X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)));
        const ASN1_STRING* const first = sk_GENERAL_NAME_value(names.get(), 0)->d.dNSName;
        return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(first)),
                static_cast<std::size_t>(ASN1_STRING_length(first))};
    }

    ClientContext client_context{SSL_CTX_new(TLS_client_method())};
    Fd client_end;
    Fd server_end;
    Client client;
    TlsStream stream;
};

TEST_F(TlsTest, CarriesOctetsBothWays) {
    const TlsServerContext context({.chain_files = {chain_file("a.pem", "DNS:mx.example.org")}});
    connect(context);
    ASSERT_EQ(shake_hands(), Handshake::done);
    EXPECT_EQ(stream.facts().version, "TLSv1.3");
    EXPECT_EQ(stream.facts().bits, 256);
    char buffer[100];
    EXPECT_EQ(stream.read(buffer, sizeof(buffer)), io_would_block);
    EXPECT_EQ(SSL_write(client.get(), "EHLO x\r\n", 8), 8);
    EXPECT_EQ(stream.read(buffer, 3), 3);
    EXPECT_EQ(stream.buffered(), 5U);
    EXPECT_EQ(stream.read(buffer, sizeof(buffer)), 5);
    EXPECT_EQ(stream.buffered(), 0U);
    EXPECT_EQ(stream.write("250 ok\r\n", 8), 8);
    EXPECT_EQ(SSL_read(client.get(), buffer, sizeof(buffer)), 8);
    stream.close();
    EXPECT_EQ(SSL_read(client.get(), buffer, sizeof(buffer)), 0);
    EXPECT_EQ(SSL_get_error(client.get(), 0), SSL_ERROR_ZERO_RETURN);
    SSL_shutdown(client.get());
    EXPECT_EQ(stream.read(buffer, sizeof(buffer)), 0);
}

TEST_F(TlsTest, AWriteMayBeRepeatedFromAnotherPlace) {
    const TlsServerContext context({.chain_files = {chain_file("a.pem", "DNS:mx.example.org")}});
    connect(context);
    ASSERT_EQ(shake_hands(), Handshake::done);
    std::string octets(1'000'000, 'x');
    std::size_t sent = 0;
    std::size_t received = 0;
    while (received < octets.size()) {
        const std::string elsewhere = octets.substr(sent);
        const auto written = elsewhere.empty() ? 0 : stream.write(elsewhere.data(), elsewhere.size());
        ASSERT_NE(written, io_failed);
        if (written > 0) sent += static_cast<std::size_t>(written);
        EXPECT_EQ(written == io_would_block, stream.wants_room());
        char buffer[16'384];
        for (int got; (got = SSL_read(client.get(), buffer, sizeof(buffer))) > 0;)
            received += static_cast<std::size_t>(got);
    }
    EXPECT_EQ(sent, octets.size());
}

TEST_F(TlsTest, ShowsTheCertificateForTheNameAskedFor) {
    const TlsServerContext context(
        {.chain_files = {chain_file("first.pem", "DNS:mx.example.org"),
                         chain_file("second.pem", "DNS:mail.example.net,DNS:*.example.com")}});
    const std::pair<const char*, const char*> cases[] = {{nullptr, "mx.example.org"},
                                                         {"mx.example.org", "mx.example.org"},
                                                         {"MAIL.example.NET", "mail.example.net"},
                                                         {"any.example.com", "mail.example.net"},
                                                         {"mail.example.net.", "mail.example.net"},
                                                         {"Any.example.com.", "mail.example.net"},
                                                         {"mail.example.net..", "mx.example.org"},
                                                         {".", "mx.example.org"},
                                                         {"a.b.example.com", "mx.example.org"},
                                                         {"example.com", "mx.example.org"},
                                                         {"nobody.example", "mx.example.org"}};
    for (const auto& [asked, expected] : cases) {
        connect(context, asked);
        ASSERT_EQ(shake_hands(), Handshake::done);
        EXPECT_EQ(shown(), expected) << (asked == nullptr ? "nothing" : asked);
    }
}

TEST_F(TlsTest, ResumesSessionsThatCarryTheirOwnState) {
    const TlsServerOptions options{.chain_files = {chain_file("a.pem", "DNS:mx.example.org")}};
    const TlsServerContext context(options);
    const TlsServerContext renewed(
        {.chain_files = {chain_file("b.pem", "DNS:mx.example.org")}, .ticket_key = options.ticket_key});
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        SSL_CTX_set_max_proto_version(client_context.get(), version);
        connect(context);
        ASSERT_EQ(shake_hands(), Handshake::done);
        EXPECT_FALSE(stream.facts().resumed);
        char octet = 0;
        SSL_read(client.get(), &octet, 1);  // reads the ticket, which in TLS 1.3 comes after the handshake
        const Session session(SSL_get1_session(client.get()));
        SSL_shutdown(client.get());  // otherwise OpenSSL would consider the session broken off
        connect(renewed);
        SSL_set_session(client.get(), session.get());
        ASSERT_EQ(shake_hands(), Handshake::done);
        EXPECT_TRUE(stream.facts().resumed) << version;
    }
}

TEST_F(TlsTest, RefusesWhatIsTooOldUnlessItIsWanted) {
    const std::string file = chain_file("a.pem", "DNS:mx.example.org");
    SSL_CTX_set_cipher_list(client_context.get(), "DEFAULT:@SECLEVEL=0");
    SSL_CTX_set_min_proto_version(client_context.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(client_context.get(), TLS1_VERSION);
    const TlsServerContext strict({.chain_files = {file}});
    connect(strict);
    EXPECT_EQ(shake_hands(), Handshake::failed);
    EXPECT_EQ(TlsStream::error(), "unsupported protocol");
    const TlsServerContext lenient({.chain_files = {file}, .minimum = TlsVersion::v1_0});
    connect(lenient);
    EXPECT_EQ(shake_hands(), Handshake::done);
    EXPECT_EQ(stream.facts().version, "TLSv1");
}

TEST_F(TlsTest, FailsOnWhatIsNotAHandshake) {
    const TlsServerContext context({.chain_files = {chain_file("a.pem", "DNS:mx.example.org")}});
    connect(context);
    EXPECT_EQ(stream.shake_hands(), Handshake::more);
    ASSERT_EQ(write_some(client_end.get(), "MAIL FROM:<s@example.org>\r\n", 27), 27);
    EXPECT_EQ(stream.shake_hands(), Handshake::failed);
    EXPECT_EQ(TlsStream::error(), "wrong version number");
    connect(context);
    client_end.reset();
    EXPECT_EQ(stream.shake_hands(), Handshake::failed);
}

TEST_F(TlsTest, TakesTheKeyFromAFileOfItsOwn) {
    const Key key(EVP_EC_gen("P-256"));
    const std::string chain = certificate_file("chain.pem", "DNS:mx.example.org", key.get());
    const TlsServerContext context(
        {.chain_files = {{chain, key_file("key.pem", key.get())}, chain_file("b.pem", "DNS:b.example")}});
    for (const char* const name : {"mx.example.org", "b.example"}) {
        connect(context, name);
        ASSERT_EQ(shake_hands(), Handshake::done);
        EXPECT_EQ(shown(), name);
    }
}

TEST_F(TlsTest, SaysWhatIsWrongWithWhichFile) {
    const Key key(EVP_EC_gen("P-256"));
    const Key other(EVP_EC_gen("P-256"));
    const Key rsa(EVP_RSA_gen(2048));
    const std::string missing = directory / "missing.pem";
    const std::string chain = certificate_file("chain.pem", "DNS:a.example", key.get());
    const std::string own = key_file("own.pem", key.get());
    const std::string sealed = key_file("sealed.pem", key.get(), "secret");
    const std::string empty = directory / "empty.pem";
    std::ofstream(empty) << "";
    const std::string broken = directory / "broken.pem";
    std::ofstream(broken) << "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    struct Case {
        TlsChain files;
        std::string error;  // its beginning
    };
    const Case cases[] = {
        {missing, missing + ": No such file"},
        {empty, empty + ": it holds no certificate in PEM form"},
        {own, own + ": it holds no certificate in PEM form"},
        {chain, chain + ": it holds a certificate and no private key; name that"},
        {chain_file("other.pem", "DNS:a.example", other.get()),
         (directory / "other.pem").string() + ": the private key is not that of the certificate in "},
        {{missing, own}, missing + ": No such file"},
        {{chain, missing}, missing + ": No such file"},
        {{chain, empty}, empty + ": it holds no private key in PEM form"},
        {{own, chain}, own + ": it holds no certificate in PEM form"},
        {{chain, key_file("another.pem", other.get())},
         (directory / "another.pem").string() + ": the private key is not that of the certificate in " +
             chain},
        {{chain, key_file("rsa.pem", rsa.get())},
         (directory / "rsa.pem").string() + ": the private key is not that of the certificate in " + chain},
        {{chain, sealed}, sealed + ": the private key is encrypted"},
        {{chain, broken}, broken + ": "},
    };
    for (const Case& c : cases) {
        try {
            const TlsServerContext context({.chain_files = {c.files}});
            ADD_FAILURE() << c.error;
        } catch (const std::runtime_error& error) {
            EXPECT_THAT(error.what(), testing::StartsWith(c.error));
            EXPECT_THAT(error.what(), testing::Not(testing::HasSubstr("no start line")));
        }
    }
}

}  // namespace
}  // namespace sluice::net
