// Certificates for tests: self-signed, with keys of their own, in files of a directory that is removed with
// them.
#pragma once

#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdexcept>
#include <string>

namespace sluice::net {

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

inline Certificate self_signed(EVP_PKEY* key, const std::string& names) {
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

/// The first certificate of a file.
inline Certificate certificate_of(const std::string& file) {
    std::FILE* const opened = std::fopen(file.c_str(), "r");
    if (opened == nullptr) throw std::runtime_error("cannot read " + file);
    Certificate read(PEM_read_X509(opened, nullptr, nullptr, nullptr));
    (void)std::fclose(opened);
    return read;
}

/// SHA-256 over the DER form that `encode` (i2d_X509, i2d_PUBKEY) writes.
template <typename Encode, typename Object>
std::string digest_of(Encode encode, const Object* object) {
    unsigned char* octets = nullptr;
    const int size = encode(object, &octets);
    std::string digest(SHA256_DIGEST_LENGTH, '\0');
    SHA256(octets, static_cast<std::size_t>(size), reinterpret_cast<unsigned char*>(digest.data()));
    OPENSSL_free(octets);
    return digest;
}
inline std::string certificate_digest(const std::string& file) {
    return digest_of(i2d_X509, certificate_of(file).get());
}
inline std::string key_digest(const std::string& file) {
    return digest_of(i2d_PUBKEY, X509_get0_pubkey(certificate_of(file).get()));
}

class TestCertificates {
  public:
    TestCertificates()
        : directory(std::filesystem::temp_directory_path() / ("sluice-tls-" + std::to_string(::getpid()))) {
        std::filesystem::create_directories(directory);
    }
    ~TestCertificates() { std::filesystem::remove_all(directory); }
    TestCertificates(const TestCertificates&) = delete;
    TestCertificates& operator=(const TestCertificates&) = delete;

    /// A chain file for `names` ("DNS:a.example,DNS:b.example"), with this key or the certificate's own.
    std::string chain_file(const std::string& name, const std::string& names, EVP_PKEY* other_key = nullptr,
                           bool with_key = true) const {
        const Key key(EVP_EC_gen("P-256"));
        const Certificate certificate = self_signed(key.get(), names);
        return write(name, [&](std::FILE* file) {
            if (with_key)
                PEM_write_PrivateKey(file, other_key != nullptr ? other_key : key.get(), nullptr, nullptr, 0,
                                     nullptr, nullptr);
            PEM_write_X509(file, certificate.get());
        });
    }

    /// The certificate alone, for `key`.
    std::string certificate_file(const std::string& name, const std::string& names, EVP_PKEY* key) const {
        return write(name, [certificate = self_signed(key, names)](std::FILE* file) {
            PEM_write_X509(file, certificate.get());
        });
    }

    /// `key` alone, encrypted where there is a passphrase.
    std::string key_file(const std::string& name, EVP_PKEY* key, const std::string& passphrase = {}) const {
        return write(name, [&](std::FILE* file) {
            PEM_write_PKCS8PrivateKey(file, key, passphrase.empty() ? nullptr : EVP_aes_256_cbc(),
                                      passphrase.data(), static_cast<int>(passphrase.size()), nullptr,
                                      nullptr);
        });
    }

    std::filesystem::path directory;

  private:
    template <typename Write>
    std::string write(const std::string& name, Write content) const {
        const std::string path = directory / name;
        std::FILE* const file = std::fopen(path.c_str(), "w");
        if (file == nullptr) throw std::runtime_error("cannot write " + path);
        content(file);
        (void)std::fclose(file);
        return path;
    }
};

}  // namespace sluice::net
