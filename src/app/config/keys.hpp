// The rows: every key of the configuration file.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "app/config/config.hpp"
#include "app/config/key.hpp"

namespace sluice::app {

/// An element of relay.mta as it is written.
struct UpstreamEntry {
    std::string address;  // ADDRESS:PORT, or unix:PATH
    relay::UpstreamOptions options;
};

/// In the order of the reference: top-level keys first, then section by section.
std::span<const Key<Config>> config_keys();
/// Of an element of relay.mta that is a table.
std::span<const Key<UpstreamEntry>> upstream_keys();

/// Of an element of tls.chain_files that is a table.
std::span<const Key<net::TlsChain>> chain_keys();

/// What a section is about, for the reference ("relay.pool"); empty for one without a text.
std::string_view section_text(std::string_view section);

}  // namespace sluice::app
