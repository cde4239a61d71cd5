// TLS streams against OpenSSL's own client, over a socket pair.
#include "net/tls.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "net/fd.hpp"
#include "net/socket.hpp"

namespace sluice::net {
namespace {

using Handshake = TlsStream::Handshake;

template <auto free>
struct Freed {
    template <typename T>
    void operator()(T* object) const {
        free(object);
    }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using ClientContext = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
using Client = std::unique_ptr<SSL, Freed<SSL_free>>;
using Session = std::unique_ptr<SSL_SESSION, Freed<SSL_SESSION_free>>;

Certificate self_signed(EVP_PKEY* key, const std::string& names) {
    Certificate certificate(X509_new());
    X509_set_version(certificate.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), key);
    X509_NAME* const subject = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"),
                               -1, -1, 0);
    X509_set_issuer_name(certificate.get(), subject);
    X509_EXTENSION* const extension =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
    X509_add_ext(certificate.get(), extension, -1);
    X509_EXTENSION_free(extension);
    X509_sign(certificate.get(), key, EVP_sha256());
    return certificate;
}

class TlsTest : public testing::Test {
  protected:
    TlsTest()
        : directory(std::filesystem::temp_directory_path() / ("sluice-tls-" + std::to_string(::getpid()))) {
        std::filesystem::create_directories(directory);
    }
    ~TlsTest() override { std::filesystem::remove_all(directory); }

    /// A chain file for `names` ("DNS:a.example,DNS:b.example"), with this key or the certificate's own.
    std::string chain_file(const std::string& name, const std::string& names, EVP_PKEY* other_key = nullptr,
                           bool with_key = true) {
        const Key key(EVP_EC_gen("P-256"));
        const Certificate certificate = self_signed(key.get(), names);
        const std::string path = directory / name;
        std::FILE* const file = std::fopen(path.c_str(), "w");
        if (with_key)
            PEM_write_PrivateKey(file, other_key != nullptr ? other_key : key.get(), nullptr, nullptr, 0,
                                 nullptr, nullptr);
        PEM_write_X509(file, certificate.get());
        (void)std::fclose(file);
        return path;
    }

    /// A client that says nothing yet, and the server's end of its connection.
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

    std::filesystem::path directory;
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
        SSL_read(client.get(), &octet, 1);  // a ticket of TLS 1.3 comes after the handshake
        const Session session(SSL_get1_session(client.get()));
        SSL_shutdown(client.get());  // or OpenSSL would think that the session was broken off
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

TEST_F(TlsTest, NamesTheFileThatCannotBeUsed) {
    const Key other(EVP_EC_gen("P-256"));
    const std::string bad[] = {directory / "missing.pem",
                               chain_file("no-key.pem", "DNS:a.example", nullptr, false),
                               chain_file("other-key.pem", "DNS:a.example", other.get())};
    for (const std::string& file : bad) {
        try {
            const TlsServerContext context({.chain_files = {file}});
            FAIL() << file;
        } catch (const std::runtime_error& error) {
            EXPECT_THAT(error.what(), testing::StartsWith(file + ": ")) << file;
        }
    }
}

}  // namespace
}  // namespace sluice::net
