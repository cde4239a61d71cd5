#include "app/certificates.hpp"

#include <sys/stat.h>

#include <fmt/format.h>
#include <utility>

#include "app/start_error.hpp"
#include "net/tls_client.hpp"
#include "relay/upstream.hpp"

namespace sluice::app {

namespace {

constexpr Millis look_every{1000};

std::string version_of(const std::vector<std::string>& files) {
    std::string version;
    for (const std::string& file : files) {
        struct stat found{};
        if (::stat(file.c_str(), &found) == 0) version += net::file_version(found);
        version += '\n';
    }
    return version;
}

}  // namespace

Certificates::Certificates(const net::TlsServerOptions& options)
    : version(version_of(options.chain_files)), context(options) {}

std::unique_ptr<const Certificates> load_certificates(const Config& config) {
    const net::TlsServerOptions& options = config.front.tls.certificates;
    if (options.chain_files.empty()) return nullptr;
    try {
        return std::make_unique<Certificates>(options);
    } catch (const std::runtime_error& error) {
        throw StartError(fmt::format("tls.chain_files: {}", error.what()));
    }
}

void check_authorities(const Config& config) {
    for (const relay::UpstreamOptions& upstream : config.relay.upstreams) {
        try {
            const net::TlsClientContext context(relay::tls_options(upstream.tls));
        } catch (const std::runtime_error& error) {
            throw StartError(
                fmt::format("relay.mta {}: tls_ca_file: {}", upstream.address.to_string(), error.what()));
        }
    }
}

void CertificateWatch::Look::run() {
    std::string now = version_of(options.chain_files);
    if (now == version) return;
    version = std::move(now);
    try {
        made = std::make_unique<net::TlsServerContext>(options);
    } catch (const std::exception& failed) {
        error = failed.what();
    }
}

CertificateWatch::CertificateWatch(net::Loop& loop, net::Offload& offload,
                                   const net::TlsServerOptions& options, const Certificates& first, Tell tell)
    : options_(options),
      certificates_(first.context),
      tell_(std::move(tell)),
      version_(first.version),
      looks_(
          loop, offload, look_every, [this] { return Look{.options = options_, .version = version_}; },
          [this](Look& look) { take(look); }) {}

void CertificateWatch::take(Look& look) {
    version_ = look.version;
    if (look.made) {
        certificates_.replace(std::move(look.made));
        tell_("certificates_read", "");
    } else if (!look.error.empty()) {
        tell_("certificates_unusable", look.error);
    }
}

}  // namespace sluice::app
