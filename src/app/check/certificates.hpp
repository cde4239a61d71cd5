// Judges the certificates of STARTTLS: are they good today, and for the name that clients are greeted with?
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "app/check/finding.hpp"
#include "app/config/config.hpp"
#include "net/certificate.hpp"

namespace sluice::app {

/// A certificate that ends sooner should have been renewed: certbot does it 30 days before the end.
inline constexpr std::chrono::days renewal_is_late{14};

struct CertificateFile {
    std::string file;
    net::CertificateFacts facts;
};

/// `hostname` is what clients are greeted with, in whatever case.
Findings judge_certificates(const std::vector<CertificateFile>& certificates, std::string_view hostname,
                            std::chrono::sys_seconds now);

/// Reads the files of tls.chain_files, which load_certificates() has found to be good ones.
Findings probe_certificates(const Config& config);

}  // namespace sluice::app
