// Judges the certificates of STARTTLS: whether they are valid today, and for the name in the greeting.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "app/check/finding.hpp"
#include "app/config/config.hpp"
#include "net/certificate.hpp"

namespace sluice::app {

/// A certificate with less time left should have been renewed: certbot renews 30 days before the end.
inline constexpr std::chrono::days renewal_is_late{14};

struct CertificateFile {
    std::string file;
    net::CertificateFacts facts;
};

/// `hostname` is the name in the greeting, in any case.
Findings judge_certificates(const std::vector<CertificateFile>& certificates, std::string_view hostname,
                            std::chrono::sys_seconds now);

/// Reads the files of tls.chain_files, which load_certificates() has accepted.
Findings probe_certificates(const Config& config);

}  // namespace sluice::app
