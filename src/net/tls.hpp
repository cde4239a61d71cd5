// TLS for a connection that has spoken plaintext so far (STARTTLS, RFC 3207), by OpenSSL.
//
// A stream is made when the handshake begins and works on a socket that stays its owner's: non-blocking, so
// that every call may say "not now". Reads and writes have the results of net::read_some and write_some.
//
// Many encrypted sessions are open at once, so a stream frees its buffers whenever they are empty, and stores
// no sessions for resumption: the clients' tickets hold that state (RFC 5077, RFC 8446 2.2).
//
// Renegotiation is refused (it is asymmetric work for a client to ask for), and so is compression.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct ssl_ctx_st;
struct ssl_st;

namespace sluice::net {

class TlsClientContext;
struct TlsaRecord;

enum class TlsVersion : std::uint8_t { v1_0, v1_2, v1_3 };

/// Sets what both sides have in common: versions and ciphers, no renegotiation, buffers freed when empty.
void configure_tls(ssl_ctx_st* context, TlsVersion minimum);

using TlsTicketKey = std::array<unsigned char, 80>;
TlsTicketKey random_ticket_key();

/// PEM files of a certificate and its chain, and of their private key: one file for both, or two.
struct TlsChain {
    TlsChain() = default;
    TlsChain(std::string both) : chain(both), key(std::move(both)) {}  // NOLINT(*-explicit-*)
    TlsChain(std::string chain_file, std::string key_file)
        : chain(std::move(chain_file)), key(std::move(key_file)) {}

    std::string chain;
    std::string key;
};

struct TlsServerOptions {
    /// A client that asks for a name (SNI, RFC 6066 3) gets the first certificate for that name; any other
    /// client gets the first of all. A second certificate for the same names is for another kind of key (RSA,
    /// ECDSA).
    std::vector<TlsChain> chain_files;
    TlsVersion minimum = TlsVersion::v1_2;
    /// Encrypts the tickets for session resumption. All workers share it, and keep it when certificates
    /// change.
    TlsTicketKey ticket_key = random_ticket_key();
};

/// The facts that both sides have agreed on. `version` is the name OpenSSL uses: "TLSv1.3".
struct TlsFacts {
    std::string_view version;
    std::string_view cipher;
    int bits = 0;
    bool resumed = false;
};

/// The certificates and keys of a server. Immutable; must outlive its streams.
class TlsServerContext {
  public:
    /// Throws std::runtime_error that names the file when it cannot be read, holds no key or certificate, or
    /// when the key does not belong to the certificate.
    explicit TlsServerContext(const TlsServerOptions& options);
    ~TlsServerContext();
    TlsServerContext(const TlsServerContext&) = delete;
    TlsServerContext& operator=(const TlsServerContext&) = delete;

  private:
    friend class TlsStream;
    struct Free {
        void operator()(ssl_ctx_st* context) const;
    };
    struct Certified {
        std::unique_ptr<ssl_ctx_st, Free> context;
        std::vector<std::string> names;  // lower case, "*.example.org" for one label
    };

    static int choose(ssl_st* stream, int* alert, void* self);
    const Certified* find(std::string_view name) const;

    std::vector<Certified> certified_;  // the first serves a client that asks for no known name
};

class TlsStream {
  public:
    enum class Handshake : std::uint8_t { done, more, failed };

    /// A stream without TLS.
    TlsStream() = default;
    /// The server's side, on this connected socket. Throws std::bad_alloc.
    TlsStream(const TlsServerContext& context, int fd);
    /// The client's side (tls_client.hpp). `records` are for TlsTrust::dane: without a usable one the
    /// handshake fails. Throws std::bad_alloc.
    TlsStream(const TlsClientContext& context, int fd, std::span<const TlsaRecord> records);

    explicit operator bool() const { return stream_ != nullptr; }

    /// Continues until the socket has no more to read or no more room. Failed: error() says why, and the
    /// alert for the peer is on its way.
    Handshake shake_hands();

    std::ptrdiff_t read(void* buffer, std::size_t size);
    /// A write that would block is to be repeated with the same octets, or with more after them, at any
    /// address.
    std::ptrdiff_t write(const void* bytes, std::size_t size);
    /// The number of octets that are decrypted but not read yet: the socket will not announce them.
    std::size_t buffered() const;
    /// True: the last call, of whatever kind, needs room to write.
    bool wants_room() const;
    /// Tells the peer that no more will come (close_notify), as far as there is room.
    void close();

    /// Valid after the handshake.
    TlsFacts facts() const;
    /// The last failure, as one line for the log: "no shared cipher".
    static std::string error();
    /// The reason why the peer's certificate was not trusted: "self-signed certificate"; empty when that was
    /// not it.
    std::string distrust() const;
    /// The reason why a handshake that we began has just failed: distrust(), else error().
    std::string handshake_error() const;

  private:
    struct Free {
        void operator()(ssl_st* stream) const;
    };
    std::ptrdiff_t outcome(int result) const;

    std::unique_ptr<ssl_st, Free> stream_;
};

}  // namespace sluice::net
