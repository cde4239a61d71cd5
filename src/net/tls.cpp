#include "net/tls.hpp"

#include <system_error>

#include <algorithm>
#include <cerrno>
#include <new>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509err.h>
#include <stdexcept>

#include "base/ascii.hpp"
#include "net/certificate.hpp"
#include "net/socket.hpp"

namespace sluice::net {

namespace {

int number_of(TlsVersion version) {
    switch (version) {
        case TlsVersion::v1_0: return TLS1_VERSION;
        case TlsVersion::v1_2: return TLS1_2_VERSION;
        case TlsVersion::v1_3: return TLS1_3_VERSION;
    }
    return TLS1_2_VERSION;
}

[[noreturn]] void fail(const std::string& what) {
    throw std::runtime_error(what + ": " + TlsStream::error());
}

[[noreturn]] void fail(const std::string& file, std::string_view why) {
    throw std::runtime_error(file + ": " + std::string(why));
}

/// True: this is OpenSSL's first error.
bool failed_by(int library, int reason) {
    const unsigned long code = ERR_peek_error();
    return ERR_GET_LIB(code) == library && ERR_GET_REASON(code) == reason;
}

/// No passphrase can be entered: a new certificate is read without an operator present.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* asked) {
    *static_cast<bool*>(asked) = true;
    return -1;
}

[[noreturn]] void fail_by_mismatch(const TlsChain& files) {
    fail(files.key, "the private key is not that of the certificate in " + files.chain);
}

void load_key(SSL_CTX* context, const TlsChain& files) {
    bool encrypted = false;
    SSL_CTX_set_default_passwd_cb(context, no_passphrase);
    SSL_CTX_set_default_passwd_cb_userdata(context, &encrypted);
    ERR_clear_error();
    const bool loaded = SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) == 1;
    SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
    if (loaded) return;
    if (encrypted)
        fail(files.key, "the private key is encrypted, and there is nobody to give its passphrase");
    if (failed_by(ERR_LIB_X509, X509_R_KEY_VALUES_MISMATCH)) fail_by_mismatch(files);
    if (!failed_by(ERR_LIB_OSSL_DECODER, ERR_R_UNSUPPORTED)) fail(files.key);
    if (files.key != files.chain)
        fail(files.key, "it holds no private key in PEM form" + pem_contents(files.key));
    fail(files.key,
         "it holds a certificate and no private key; name that in a file of its own, { chain = "
         "\"fullchain.pem\", key = \"privkey.pem\" }, or put both into one");
}

void load_chain(SSL_CTX* context, const TlsChain& files) {
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(context, files.chain.c_str()) != 1) {
        if (!failed_by(ERR_LIB_PEM, PEM_R_NO_START_LINE)) fail(files.chain);
        fail(files.chain, "it holds no certificate in PEM form" + pem_contents(files.chain));
    }
    load_key(context, files);
    // A key of another type is accepted, because a certificate for it may follow.
    if (SSL_CTX_check_private_key(context) != 1) fail_by_mismatch(files);
}

void configure(SSL_CTX* context, const TlsServerOptions& options) {
    configure_tls(context, options.minimum);
    SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    // The contexts accept each other's tickets only if all have this name: to the client they are one
    // service.
    static constexpr unsigned char service[] = "smtp";
    SSL_CTX_set_session_id_context(context, service, sizeof(service) - 1);
    SSL_CTX_set_num_tickets(context, 1);
    TlsTicketKey key = options.ticket_key;  // OpenSSL takes a pointer to non-const
    SSL_CTX_set_tlsext_ticket_keys(context, key.data(), key.size());
    SSL_CTX_set_dh_auto(context, 1);
}

}  // namespace

void configure_tls(ssl_ctx_st* context, TlsVersion minimum) {
    SSL_CTX_set_min_proto_version(context, number_of(minimum));
    // TLS versions this old need ciphers and hashes that OpenSSL's default security level no longer allows.
    if (minimum == TlsVersion::v1_0) SSL_CTX_set_cipher_list(context, "DEFAULT:@SECLEVEL=0");
    SSL_CTX_set_options(context,
                        SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

void TlsServerContext::Free::operator()(ssl_ctx_st* context) const {
    SSL_CTX_free(context);
}

void TlsStream::Free::operator()(ssl_st* stream) const {
    SSL_free(stream);
}

TlsTicketKey random_ticket_key() {
    TlsTicketKey key;
    if (RAND_bytes(key.data(), static_cast<int>(key.size())) != 1) fail("no random numbers");
    return key;
}

TlsServerContext::TlsServerContext(const TlsServerOptions& options) {
    ERR_clear_error();
    for (const TlsChain& files : options.chain_files) {
        Certified made{.context = decltype(Certified::context)(SSL_CTX_new(TLS_server_method())),
                       .names = {}};
        if (!made.context) throw std::bad_alloc();
        SSL_CTX* context = made.context.get();
        configure(context, options);
        load_chain(context, files);
        made.names = facts_of(SSL_CTX_get0_certificate(context)).names;
        // A certificate for the same names with another type of key joins the existing context, and OpenSSL
        // chooses.
        const auto twin = std::ranges::find(certified_, made.names, &Certified::names);
        if (twin != certified_.end()) {
            load_chain(twin->context.get(), files);
        } else {
            certified_.push_back(std::move(made));
        }
    }
    SSL_CTX* const first = certified_.front().context.get();
    SSL_CTX_set_tlsext_servername_callback(first, &TlsServerContext::choose);
    SSL_CTX_set_tlsext_servername_arg(first, this);
}

TlsServerContext::~TlsServerContext() = default;

/// Called during the handshake, once the client has sent the name it wants, if any.
int TlsServerContext::choose(ssl_st* stream, int* /*alert*/, void* self) {
    const char* const wanted = SSL_get_servername(stream, TLSEXT_NAMETYPE_host_name);
    if (wanted == nullptr) return SSL_TLSEXT_ERR_NOACK;
    const Certified* const found = static_cast<const TlsServerContext*>(self)->find(wanted);
    // Mail servers rarely check names: a certificate for another one is better than no encryption.
    if (found == nullptr) return SSL_TLSEXT_ERR_NOACK;
    SSL_set_SSL_CTX(stream, found->context.get());
    return SSL_TLSEXT_ERR_OK;
}

const TlsServerContext::Certified* TlsServerContext::find(std::string_view name) const {
    // A name is sent without the final dot (RFC 6066 3); a client that sends the dot means the same name.
    if (name.ends_with('.')) name.remove_suffix(1);
    const std::string folded = ascii::to_lower(name);
    const auto serves = [&](const Certified& certified) {
        return std::ranges::any_of(certified.names,
                                   [&](const std::string& each) { return is_for(each, folded); });
    };
    const auto at = std::ranges::find_if(certified_, serves);
    return at == certified_.end() ? nullptr : &*at;
}

TlsStream::TlsStream(const TlsServerContext& context, int fd)
    : stream_(SSL_new(context.certified_.front().context.get())) {
    if (!stream_ || SSL_set_fd(stream_.get(), fd) != 1) throw std::bad_alloc();
    SSL_set_accept_state(stream_.get());
}

TlsStream::Handshake TlsStream::shake_hands() {
    ERR_clear_error();
    const int result = SSL_do_handshake(stream_.get());
    if (result == 1) return Handshake::done;
    return outcome(result) == io_would_block ? Handshake::more : Handshake::failed;
}

std::ptrdiff_t TlsStream::read(void* buffer, std::size_t size) {
    ERR_clear_error();
    std::size_t got = 0;
    const int result = SSL_read_ex(stream_.get(), buffer, size, &got);
    return result == 1 ? static_cast<std::ptrdiff_t>(got) : outcome(result);
}

std::ptrdiff_t TlsStream::write(const void* bytes, std::size_t size) {
    ERR_clear_error();
    std::size_t written = 0;
    const int result = SSL_write_ex(stream_.get(), bytes, size, &written);
    if (result == 1) return static_cast<std::ptrdiff_t>(written);
    return outcome(result) == io_would_block ? io_would_block : io_failed;
}

/// The meaning of a call that moved nothing.
std::ptrdiff_t TlsStream::outcome(int result) const {
    switch (SSL_get_error(stream_.get(), result)) {
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE: return io_would_block;
        case SSL_ERROR_ZERO_RETURN: return 0;
        default: return io_failed;
    }
}

std::size_t TlsStream::buffered() const {
    return static_cast<std::size_t>(SSL_pending(stream_.get()));
}

bool TlsStream::wants_room() const {
    return SSL_want_write(stream_.get());
}

void TlsStream::close() {
    ERR_clear_error();
    if (SSL_is_init_finished(stream_.get()) == 1) SSL_shutdown(stream_.get());
}

TlsFacts TlsStream::facts() const {
    const SSL_CIPHER* const cipher = SSL_get_current_cipher(stream_.get());
    return {.version = SSL_get_version(stream_.get()),
            .cipher = SSL_CIPHER_get_name(cipher),
            .bits = SSL_CIPHER_get_bits(cipher, nullptr),
            .resumed = SSL_session_reused(stream_.get()) == 1};
}

std::string TlsStream::distrust() const {
    const long result = SSL_get_verify_result(stream_.get());
    return result == X509_V_OK || SSL_get_verify_mode(stream_.get()) == SSL_VERIFY_NONE
               ? std::string()
               : X509_verify_cert_error_string(result);
}

std::string TlsStream::handshake_error() const {
    const std::string reason = distrust();
    return reason.empty() ? error() : reason;
}

std::string TlsStream::error() {
    const unsigned long code = ERR_peek_error();  // the first error: later ones only follow from it
    if (code == 0) return errno == 0 ? "the connection was closed" : std::generic_category().message(errno);
    if (ERR_SYSTEM_ERROR(code)) return std::generic_category().message(ERR_GET_REASON(code));
    const char* const reason = ERR_reason_error_string(code);
    return reason == nullptr ? "error " + std::to_string(code) : reason;
}

}  // namespace sluice::net
