#include "net/tls_client.hpp"

#include <unistd.h>

#include <fmt/format.h>
#include <new>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdexcept>

#include "net/certificate.hpp"

namespace sluice::net {

namespace {

constexpr std::uint8_t domain_issued = 3;  // DANE-EE
constexpr std::uint8_t sha256 = 1;

void load_authorities(SSL_CTX* context, const std::string& file) {
    if (file.empty()) {
        if (SSL_CTX_set_default_verify_paths(context) == 1) return;
        throw std::runtime_error("the system's authorities: " + TlsStream::error());
    }
    if (SSL_CTX_load_verify_file(context, file.c_str()) == 1) return;
    const std::string why = TlsStream::error();
    if (::access(file.c_str(), R_OK) != 0) throw std::runtime_error(file + ": " + why);
    throw std::runtime_error(file + ": it holds no certificate in PEM form" + pem_contents(file));
}

void load_own_certificate(SSL_CTX* context, const std::string& file) {
    const bool certified = SSL_CTX_use_certificate_chain_file(context, file.c_str()) == 1;
    if (certified && SSL_CTX_use_PrivateKey_file(context, file.c_str(), SSL_FILETYPE_PEM) == 1) return;
    const std::string why = TlsStream::error();
    if (::access(file.c_str(), R_OK) != 0) throw std::runtime_error(file + ": " + why);
    throw std::runtime_error(
        fmt::format("{}: it is to hold a certificate and its private key in PEM form, both in this one file "
                    "(cat privkey.pem fullchain.pem), and holds no {}{}",
                    file, certified ? "private key that fits" : "certificate", pem_contents(file)));
}

void add_record(SSL* stream, const TlsaRecord& record) {
    SSL_dane_tlsa_add(stream, record.usage, record.selector, record.matching,
                      reinterpret_cast<const unsigned char*>(record.data.data()), record.data.size());
}

/// A fingerprint is treated like a DANE-EE record that the server's owner might have published: of the
/// certificate, or of its key.
void add_fingerprint(SSL* stream, const std::string& digest) {
    for (const std::uint8_t selector : {std::uint8_t{0}, std::uint8_t{1}})
        add_record(stream,
                   {.usage = domain_issued, .selector = selector, .matching = sha256, .data = digest});
}

/// RFC 7672 3.1.1: where a record names the certificate itself, neither its name nor its dates matter.
void enable_dane(SSL* stream, const std::string& name) {
    if (SSL_dane_enable(stream, name.empty() ? nullptr : name.c_str()) != 1) throw std::bad_alloc();
    SSL_dane_set_flags(stream, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
}

}  // namespace

bool TlsaRecord::parse(std::string_view octets, TlsaRecord& record) {
    if (octets.size() < 4) return false;
    record = {.usage = static_cast<std::uint8_t>(octets[0]),
              .selector = static_cast<std::uint8_t>(octets[1]),
              .matching = static_cast<std::uint8_t>(octets[2]),
              .data = std::string(octets.substr(3))};
    return true;
}

void TlsClientContext::Free::operator()(ssl_ctx_st* context) const {
    SSL_CTX_free(context);
}

TlsClientContext::TlsClientContext(const TlsClientOptions& options)
    : options_(options), context_(SSL_CTX_new(TLS_client_method())) {
    ERR_clear_error();
    if (!context_) throw std::bad_alloc();
    SSL_CTX* const context = context_.get();
    configure_tls(context, options.minimum);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(context, options.trust == TlsTrust::anybody ? SSL_VERIFY_NONE : SSL_VERIFY_PEER,
                       nullptr);
    if (options.trust == TlsTrust::name) load_authorities(context, options.ca_file);
    if (!options.chain_file.empty()) load_own_certificate(context, options.chain_file);
    const bool by_record = options.trust == TlsTrust::dane || options.trust == TlsTrust::fingerprint;
    if (by_record && SSL_CTX_dane_enable(context) != 1) throw std::bad_alloc();
}

TlsClientContext::~TlsClientContext() = default;

TlsStream::TlsStream(const TlsClientContext& context, int fd, std::span<const TlsaRecord> records)
    : stream_(SSL_new(context.context_.get())) {
    SSL* const stream = stream_.get();
    if (stream == nullptr || SSL_set_fd(stream, fd) != 1) throw std::bad_alloc();
    SSL_set_connect_state(stream);
    const TlsClientOptions& options = context.options();
    switch (options.trust) {
        case TlsTrust::anybody: break;
        case TlsTrust::name:
            if (SSL_set1_host(stream, options.server_name.c_str()) != 1) throw std::bad_alloc();
            break;
        case TlsTrust::fingerprint:
            enable_dane(stream, options.server_name);
            for (const std::string& digest : options.fingerprints)
                add_fingerprint(stream, digest);
            break;
        case TlsTrust::dane:
            enable_dane(stream, options.server_name);
            for (const TlsaRecord& record : records)
                if (record.usable()) add_record(stream, record);
            break;
    }
    if (!options.server_name.empty()) SSL_set_tlsext_host_name(stream, options.server_name.c_str());
}

}  // namespace sluice::net
