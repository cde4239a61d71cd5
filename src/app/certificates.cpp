#include "app/certificates.hpp"

#include <sys/stat.h>

#include <fmt/format.h>
#include <utility>

#include "app/start_error.hpp"

namespace sluice::app {

namespace {

constexpr Millis look_every{1000};

/// Differs when the content of a file may.
std::string version_of(const std::vector<std::string>& files) {
    std::string version;
    for (const std::string& file : files) {
        struct stat found{};
        if (::stat(file.c_str(), &found) == 0)
            version += fmt::format("{} {} {}.{:09}", found.st_ino, found.st_size, found.st_mtim.tv_sec,
                                   found.st_mtim.tv_nsec);
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

/// What the thread does: files may be slow.
struct CertificateWatch::Look {
    const net::TlsServerOptions& options;
    std::string version;
    std::unique_ptr<const net::TlsServerContext> made;
    std::string error;

    void run() {
        std::string now = version_of(options.chain_files);
        if (now == version) return;
        version = std::move(now);
        try {
            made = std::make_unique<net::TlsServerContext>(options);
        } catch (const std::exception& failed) {
            error = failed.what();
        }
    }
};

CertificateWatch::CertificateWatch(net::Loop& loop, net::Offload& offload,
                                   const net::TlsServerOptions& options, const Certificates& first, Tell tell)
    : loop_(loop),
      offload_(offload),
      options_(options),
      certificates_(first.context),
      tell_(std::move(tell)),
      version_(first.version) {
    loop_.arm(*this, look_every);
}

void CertificateWatch::on_timer() {
    const auto look = std::make_shared<Look>(options_, version_);
    const bool queued = offload_.submit([look] { look->run(); },
                                        [this, look, alive = std::weak_ptr(alive_)] {
                                            if (!alive.expired()) take(*look);
                                        });
    if (!queued) loop_.arm(*this, look_every);  // the disk is behind
}

void CertificateWatch::take(Look& look) {
    loop_.arm(*this, look_every);
    version_ = look.version;
    if (look.made) {
        certificates_.replace(std::move(look.made));
        tell_("certificates_read", "");
    } else if (!look.error.empty()) {
        tell_("certificates_unusable", look.error);
    }
}

}  // namespace sluice::app
