#include "app/check/certificates.hpp"

#include <algorithm>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <stdexcept>

#include "base/ascii.hpp"
#include "base/shown_text.hpp"

namespace sluice::app {

namespace {

std::string day_of(std::chrono::sys_seconds time) {
    return fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

constexpr std::string_view cost = "senders that check certificates (MTA-STS, `verify`) keep their mail";

Finding judge_dates(const CertificateFile& certificate, std::chrono::sys_seconds now) {
    const std::string file = shown(certificate.file);
    const net::CertificateFacts& facts = certificate.facts;
    if (now >= facts.ends)
        return {Severity::hurts,
                fmt::format("Renew the certificate in {} (certbot renew): it ended on {}, and {}", file,
                            day_of(facts.ends), cost)};
    if (now < facts.begins)
        return {Severity::hurts,
                fmt::format("Set this machine's clock, or wait: the certificate in {} begins "
                            "on {} only, and until then {}",
                            file, day_of(facts.begins), cost)};
    if (facts.ends - now < renewal_is_late)
        return {Severity::advice, fmt::format("Renew the certificate in {} (certbot renew): it ends on {}",
                                              file, day_of(facts.ends))};
    return {Severity::fine,
            fmt::format("certificate {}: for {}, until {}", file,
                        shown(fmt::format("{}", fmt::join(facts.names, ", "))), day_of(facts.ends))};
}

bool serves(const CertificateFile& certificate, const std::string& name) {
    return std::ranges::any_of(certificate.facts.names,
                               [&](const std::string& each) { return net::is_for(each, name); });
}

}  // namespace

Findings judge_certificates(const std::vector<CertificateFile>& certificates, std::string_view hostname,
                            std::chrono::sys_seconds now) {
    Findings findings;
    for (const CertificateFile& certificate : certificates)
        findings.push_back(judge_dates(certificate, now));
    const std::string name = ascii::to_lower(hostname);
    const auto is_served = [&](const CertificateFile& certificate) { return serves(certificate, name); };
    if (!certificates.empty() && std::ranges::none_of(certificates, is_served))
        findings.push_back(
            {Severity::advice,
             fmt::format("Get a certificate for {}, or set smtp.hostname to a name that yours is for ({}): "
                         "none in tls.chain_files has the name that clients are greeted with, and if it is "
                         "the name in your MX record, {}",
                         hostname,
                         shown(fmt::format("{}", fmt::join(certificates.front().facts.names, ", "))), cost)});
    return findings;
}

Findings probe_certificates(const Config& config) {
    std::vector<CertificateFile> certificates;
    Findings findings;
    for (const net::TlsChain& files : config.front.tls.certificates.chain_files) {
        try {
            certificates.push_back({files.chain, net::read_certificate(files.chain)});
        } catch (const std::runtime_error& error) {
            findings.push_back({Severity::hurts, fmt::format("Correct tls.chain_files: {}", error.what())});
        }
    }
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    add(findings, judge_certificates(certificates, config.front.server.hostname, now));
    return findings;
}

}  // namespace sluice::app
