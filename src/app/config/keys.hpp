// The rows of every key in the configuration file.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "app/config/config.hpp"
#include "app/config/key.hpp"

namespace sluice::app {

/// An element of relay.mta as written.
struct UpstreamEntry {
    std::string address;  // ADDRESS:PORT, or unix:PATH
    relay::UpstreamOptions options;
};

/// The rows of the file's keys, in the order of the reference: top-level keys first, then section by section.
std::span<const Key<Config>> config_keys();
/// The rows for an element of relay.mta that is a table.
std::span<const Key<UpstreamEntry>> upstream_keys();

/// The rows for an element of tls.chain_files that is a table.
std::span<const Key<net::TlsChain>> chain_keys();

/// The reference's text about a section ("relay.pool"); empty for a section without one.
std::string_view section_text(std::string_view section);

}  // namespace sluice::app
