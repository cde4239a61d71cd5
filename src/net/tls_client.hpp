// The TLS client's side: which server a connection of ours must reach, and how that server is verified.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "net/tls.hpp"

namespace sluice::net {

/// The means by which the server is told from an impostor.
enum class TlsTrust : std::uint8_t {
    anybody,      // not at all: encryption protects only against eavesdroppers
    name,         // a chain to an authority, and `server_name` in the certificate (RFC 6125)
    fingerprint,  // the certificate or its public key is one of `fingerprints`
    dane,         // TLSA records (RFC 7672), given with each connection
};

/// A TLSA record (RFC 6698 2.1).
struct TlsaRecord {
    std::uint8_t usage = 0;
    std::uint8_t selector = 0;
    std::uint8_t matching = 0;
    std::string data;  // octets, not hexadecimal

    /// Reads the octets of a record as they are in DNS; false when they are too few.
    static bool parse(std::string_view octets, TlsaRecord& record);
    /// True for the certificate usages of SMTP: DANE-TA and DANE-EE (RFC 7672 3.1).
    bool usable() const { return usage == 2 || usage == 3; }
    bool operator==(const TlsaRecord&) const = default;
};

struct TlsClientOptions {
    TlsTrust trust = TlsTrust::anybody;
    /// Sent as SNI (RFC 6066 3), and checked with `name`; with `dane` it is the TLSA base domain. Empty =
    /// none.
    std::string server_name = {};
    /// PEM file of the trusted CAs for `name`; empty = those of the system.
    std::string ca_file = {};
    /// SHA-256 digests, 32 octets each.
    std::vector<std::string> fingerprints = {};
    TlsVersion minimum = TlsVersion::v1_2;
    /// PEM file with a private key, our own certificate and its chain, for servers that require a client
    /// certificate; empty = none.
    std::string chain_file = {};
};

/// Immutable; must outlive its streams.
class TlsClientContext {
  public:
    /// Throws std::runtime_error that names the file when the CAs or our own certificate cannot be read.
    explicit TlsClientContext(const TlsClientOptions& options);
    ~TlsClientContext();
    TlsClientContext(const TlsClientContext&) = delete;
    TlsClientContext& operator=(const TlsClientContext&) = delete;

    const TlsClientOptions& options() const { return options_; }

  private:
    friend class TlsStream;
    struct Free {
        void operator()(ssl_ctx_st* context) const;
    };

    TlsClientOptions options_;
    std::unique_ptr<ssl_ctx_st, Free> context_;
};

}  // namespace sluice::net
