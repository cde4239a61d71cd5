// The certificates of STARTTLS. Only the supervisor reads their files: what a worker needs it has from the
// memory it was forked with, and its user needs no right to private keys.
#pragma once

#include <memory>
#include <string>

#include "app/config/config.hpp"
#include "net/tls.hpp"

namespace sluice::app {

struct Certificates {
    explicit Certificates(const net::TlsServerOptions& options);

    std::string version;  // of the files; taken first, so that a change meanwhile is noticed later
    net::TlsServerContext context;
};

/// Differs when the content of a file may: size, time of change, inode. Blocks on the disk.
std::string version_of(const net::TlsServerOptions& options);

/// Null when there are none. Throws StartError for a file that cannot be used.
std::unique_ptr<const Certificates> load_certificates(const Config& config);

/// Throws StartError when the authorities an MTA is to be verified by cannot be read.
void check_authorities(const Config& config);

}  // namespace sluice::app
