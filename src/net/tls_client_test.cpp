// Tests which servers our TLS client trusts; our own streams are the server.
#include "net/tls_client.hpp"

#include <sys/socket.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/fd.hpp"
#include "net/socket.hpp"
#include "net/testing/test_certificates.hpp"

namespace sluice::net {
namespace {

using Handshake = TlsStream::Handshake;

class TlsClient : public testing::Test, protected TestCertificates {
  protected:
    TlsClient() : file(chain_file("mx.pem", "DNS:mx.example.org")), server_context({.chain_files = {file}}) {}

    /// Shakes hands with the server; returns the result on the client's side.
    Handshake connect(const TlsClientOptions& options, const std::vector<TlsaRecord>& records = {}) {
        context = std::make_unique<TlsClientContext>(options);
        int ends[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
        server = {};
        client = {};
        client_end = Fd{ends[0]};
        server_end = Fd{ends[1]};
        server = TlsStream(server_context, server_end.get());
        client = TlsStream(*context, client_end.get(), records);
        Handshake result = Handshake::more;
        for (int turns = 0; turns < 20 && result == Handshake::more; ++turns) {
            result = client.shake_hands();
            if (result == Handshake::failed) error = TlsStream::error();
            server.shake_hands();
        }
        return result;
    }

    std::string file;
    TlsServerContext server_context;
    std::unique_ptr<TlsClientContext> context;
    Fd client_end;
    Fd server_end;
    TlsStream server;
    TlsStream client;
    std::string error;
};

TEST_F(TlsClient, TakesAnybodyWhereThatIsEnough) {
    ASSERT_EQ(connect({}), Handshake::done);
    EXPECT_EQ(client.facts().version, "TLSv1.3");
    EXPECT_EQ(client.distrust(), "");
    EXPECT_EQ(client.write("EHLO x\r\n", 8), 8);
    char buffer[16];
    EXPECT_EQ(server.read(buffer, sizeof(buffer)), 8);
}

TEST_F(TlsClient, TrustsAnAuthorityAndTheNameAskedFor) {
    EXPECT_EQ(connect({.trust = TlsTrust::name, .server_name = "mx.example.org", .ca_file = file}),
              Handshake::done);
    EXPECT_EQ(connect({.trust = TlsTrust::name, .server_name = "mail.example.org", .ca_file = file}),
              Handshake::failed);
    EXPECT_EQ(client.distrust(), "hostname mismatch");
    EXPECT_EQ(error, "certificate verify failed");
    EXPECT_EQ(connect({.trust = TlsTrust::name, .server_name = "mx.example.org"}), Handshake::failed);
    EXPECT_EQ(client.distrust(), "self-signed certificate");
}

TEST_F(TlsClient, KnowsFingerprintsOfTheCertificateAndOfItsKey) {
    const auto with = [this](const std::vector<std::string>& fingerprints) {
        return connect({.trust = TlsTrust::fingerprint, .fingerprints = fingerprints});
    };
    const std::string other(32, 'x');
    EXPECT_EQ(with({certificate_digest(file)}), Handshake::done);
    EXPECT_EQ(with({other, key_digest(file)}), Handshake::done);
    EXPECT_EQ(with({other}), Handshake::failed);
    EXPECT_NE(client.distrust(), "");
    EXPECT_EQ(with({}), Handshake::failed);
}

TEST_F(TlsClient, HoldsTheServerToItsTlsaRecords) {
    const TlsClientOptions options{.trust = TlsTrust::dane, .server_name = "mx.example.org"};
    const TlsaRecord ours{.usage = 3, .selector = 1, .matching = 1, .data = key_digest(file)};
    const TlsaRecord another{.usage = 3, .selector = 1, .matching = 1, .data = std::string(32, 'x')};
    // A record about a public authority (PKIX-EE) is not for SMTP: RFC 7672 3.1.3.
    const TlsaRecord unusable{.usage = 1, .selector = 1, .matching = 1, .data = key_digest(file)};
    EXPECT_EQ(connect(options, {another, ours}), Handshake::done);
    EXPECT_EQ(connect(options, {another}), Handshake::failed);
    EXPECT_EQ(connect(options, {unusable}), Handshake::failed);
    EXPECT_EQ(connect(options), Handshake::failed);
}

TEST_F(TlsClient, DoesNotCareForTheNameInACertificateThatARecordNames) {
    EXPECT_EQ(connect({.trust = TlsTrust::dane, .server_name = "another.example"},
                      {{.usage = 3, .selector = 0, .matching = 1, .data = certificate_digest(file)}}),
              Handshake::done);
}

TEST_F(TlsClient, NamesTheFileThatHasNoAuthorities) {
    const std::string missing = directory / "missing.pem";
    try {
        const TlsClientContext none(
            {.trust = TlsTrust::name, .server_name = "a.example", .ca_file = missing});
        FAIL();
    } catch (const std::runtime_error& thrown) {
        EXPECT_THAT(thrown.what(), testing::StartsWith(missing + ": "));
    }
}

TEST(TlsaRecord, ComesFromTheOctetsOfDns) {
    TlsaRecord record;
    EXPECT_FALSE(TlsaRecord::parse(std::string_view("\3\1\1", 3), record));
    ASSERT_TRUE(TlsaRecord::parse(std::string_view("\3\1\1\0z", 5), record));
    EXPECT_EQ(record, (TlsaRecord{.usage = 3, .selector = 1, .matching = 1, .data = std::string("\0z", 2)}));
    EXPECT_TRUE(record.usable());
    ASSERT_TRUE(TlsaRecord::parse("\1\1\1z", record));
    EXPECT_FALSE(record.usable());
}

}  // namespace
}  // namespace sluice::net
