#include "net/certificate.hpp"

#include <algorithm>
#include <ctime>
#include <fstream>
#include <memory>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdexcept>

#include "base/ascii.hpp"

namespace sluice::net {

namespace {

/// The names of its subjectAltName; the subject is ignored (RFC 6125 6.4.4).
std::vector<std::string> names_of(const X509* certificate) {
    std::vector<std::string> names;
    const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> all(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
        GENERAL_NAMES_free);
    for (int i = 0; all && i < sk_GENERAL_NAME_num(all.get()); ++i) {
        const GENERAL_NAME* const each = sk_GENERAL_NAME_value(all.get(), i);
        if (each->type != GEN_DNS) continue;
        const auto* const text = reinterpret_cast<const char*>(ASN1_STRING_get0_data(each->d.dNSName));
        const auto octets = static_cast<std::size_t>(ASN1_STRING_length(each->d.dNSName));
        names.push_back(ascii::to_lower({text, octets}));
    }
    return names;
}

/// Returns 1970 for a time that cannot be read.
std::chrono::sys_seconds time_of(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
    return std::chrono::sys_seconds(std::chrono::seconds(::timegm(&parts)));
}

}  // namespace

CertificateFacts facts_of(const x509_st* certificate) {
    return {.names = names_of(certificate),
            .begins = time_of(X509_get0_notBefore(certificate)),
            .ends = time_of(X509_get0_notAfter(certificate))};
}

CertificateFacts read_certificate(const std::string& file) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> input(BIO_new_file(file.c_str(), "r"), BIO_free);
    if (!input) throw std::runtime_error(file + ": it cannot be read");
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(
        PEM_read_bio_X509(input.get(), nullptr, nullptr, nullptr), X509_free);
    if (!certificate) throw std::runtime_error(file + ": it holds no certificate in PEM form");
    return facts_of(certificate.get());
}

std::string pem_contents(const std::string& file) {
    constexpr std::size_t octets_max = 65'536;
    constexpr std::string_view begin = "-----BEGIN ", end = "-----";
    std::string text(octets_max, '\0');
    std::ifstream input(file, std::ios::binary);
    input.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(std::max<std::streamsize>(input.gcount(), 0)));
    std::string labels;
    for (std::size_t at = text.find(begin); at != std::string::npos; at = text.find(begin, at)) {
        at += begin.size();
        const std::size_t stop = text.find(end, at);
        if (stop == std::string::npos || stop - at > 40) break;
        labels += (labels.empty() ? "" : ", ") + text.substr(at, stop - at);
    }
    if (text.empty()) return ": it is empty";
    return labels.empty() ? ", nor anything else in that form (is it DER?)" : ", but " + labels;
}

bool is_for(std::string_view pattern, std::string_view name) {
    if (!pattern.starts_with("*.")) return pattern == name;
    const std::size_t dot = name.find('.');
    return dot != std::string_view::npos && dot != 0 && name.substr(dot) == pattern.substr(1);
}

}  // namespace sluice::net
