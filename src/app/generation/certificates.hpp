// The certificates of STARTTLS. Only the supervisor reads their files: a worker inherits them in the memory
// it is forked with, so its user needs no access to private keys.
#pragma once

#include <memory>
#include <string>

#include "app/config/config.hpp"
#include "net/tls.hpp"

namespace sluice::app {

struct Certificates {
    explicit Certificates(const net::TlsServerOptions& options);

    std::string version;  // of the files; taken first, so that a change during the reading is noticed later
    net::TlsServerContext context;
};

/// Changes when the content of a file may have changed: size, modification time, inode. Blocks on the disk.
std::string version_of(const net::TlsServerOptions& options);

/// Null when no certificate is configured. Throws StartError for a file that cannot be used.
std::unique_ptr<const Certificates> load_certificates(const Config& config);

/// Throws StartError when the CA certificates that verify an MTA cannot be read.
void check_authorities(const Config& config);

}  // namespace sluice::app
