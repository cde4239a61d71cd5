// Reads what a certificate says of itself: whom it is for, and from when to when.
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

/// Tells what a file holds instead of what it should, as the end of a sentence: ", but PRIVATE KEY", the
/// labels of its PEM blocks; or that there are none. Looks at the first 64 KiB. Blocks on the disk.
std::string pem_contents(const std::string& file);

/// "*.example.org" is for one label more, and no fewer (RFC 6125 6.4.3). Both in lower case.
bool is_for(std::string_view pattern, std::string_view name);

}  // namespace sluice::net
