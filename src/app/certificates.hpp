// The certificates of STARTTLS: loaded before there are workers, and again when their files change.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "app/config.hpp"
#include "net/regular_look.hpp"
#include "net/tls.hpp"

namespace sluice::app {

struct Certificates {
    explicit Certificates(const net::TlsServerOptions& options);

    std::string version;  // of the files; taken first, so that a change meanwhile is noticed later
    net::TlsServerContext context;
};

/// Null when there are none. Throws StartError for a file that cannot be used.
std::unique_ptr<const Certificates> load_certificates(const Config& config);

/// Throws StartError when the authorities an MTA is to be verified by cannot be read.
void check_authorities(const Config& config);

/// Looks every second whether a file has changed (size, time of change, inode), and replaces all certificates
/// then. Files that cannot be used leave them as they are, and are told about once.
class CertificateWatch {
  public:
    using Tell = std::function<void(std::string_view event, std::string_view why)>;

    /// All references must outlive it. `first` is of the same options, and may be of long ago.
    CertificateWatch(net::Loop& loop, net::Offload& offload, const net::TlsServerOptions& options,
                     const Certificates& first, Tell tell);

    const net::TlsCertificates& certificates() const { return certificates_; }

  private:
    /// What the thread does: files may be slow.
    struct Look {
        const net::TlsServerOptions& options;
        std::string version;  // known before; then found
        std::unique_ptr<const net::TlsServerContext> made = nullptr;
        std::string error = {};

        void run();
    };

    void take(Look& look);

    const net::TlsServerOptions& options_;
    net::TlsCertificates certificates_;
    Tell tell_;
    std::string version_;  // of the files as they were last read
    net::RegularLook<Look> looks_;
};

}  // namespace sluice::app
