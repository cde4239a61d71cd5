#include "app/generation/certificates.hpp"

#include <sys/stat.h>

#include <fmt/format.h>

#include "app/process/start_error.hpp"
#include "net/regular_look.hpp"
#include "net/tls_client.hpp"
#include "relay/upstream.hpp"

namespace sluice::app {

std::string version_of(const net::TlsServerOptions& options) {
    std::string version;
    for (const net::TlsChain& files : options.chain_files) {
        for (const std::string& file : {files.chain, files.key}) {
            struct stat found{};
            if (::stat(file.c_str(), &found) == 0) version += net::file_version(found);
            version += '\n';
        }
    }
    return version;
}

Certificates::Certificates(const net::TlsServerOptions& options)
    : version(version_of(options)), context(options) {}

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

}  // namespace sluice::app
