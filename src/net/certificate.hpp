// Reads from a certificate which names it is for, and when it is valid.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

struct x509_st;

namespace sluice::net {

struct CertificateFacts {
    std::vector<std::string> names;  // lower case, "*.example.org" for one label
    std::chrono::sys_seconds begins{};
    std::chrono::sys_seconds ends{};
};

CertificateFacts facts_of(const x509_st* certificate);

/// Reads the first certificate in a PEM file, which is the server's own. Throws std::runtime_error that names
/// the file. Blocks on the disk.
CertificateFacts read_certificate(const std::string& file);

/// Describes what a file holds instead of the expected content, as the end of a sentence: ", but PRIVATE
/// KEY", the labels of its PEM blocks; or that there are none. Looks at the first 64 KiB. Blocks on the disk.
std::string pem_contents(const std::string& file);

/// True: the certificate's name `pattern` covers `name`. "*.example.org" stands for exactly one more label
/// (RFC 6125 6.4.3). Both are in lower case.
bool is_for(std::string_view pattern, std::string_view name);

}  // namespace sluice::net
