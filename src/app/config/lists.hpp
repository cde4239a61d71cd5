// Readers for list elements other than plain strings, and checks of strings with a meaning.
#pragma once

#include <string>
#include <string_view>
#include <toml++/toml.h>

#include "app/config/config.hpp"
#include "app/config/reading.hpp"

namespace sluice::app {

struct UpstreamEntry;

void add_listen(ConfigReading& reading, const toml::node& element, Config& config);
void add_tls_listen(ConfigReading& reading, const toml::node& element, Config& config);
/// Reads "ADDRESS:PORT" or a table of upstream_keys().
void add_upstream(ConfigReading& reading, const toml::node& element, Config& config);
void add_dns_server(ConfigReading& reading, const toml::node& element, Config& config);
/// Reads a file name or a table of chain_keys().
void add_chain_file(ConfigReading& reading, const toml::node& element, Config& config);
void add_health_network(ConfigReading& reading, const toml::node& element, Config& config);
void add_proxy_network(ConfigReading& reading, const toml::node& element, Config& config);
void add_extension(ConfigReading& reading, const toml::node& element, Config& config);
template <policy::Lane lane>
void add_network(ConfigReading& reading, const toml::node& element, Config& config);
template <bool allow>
void add_dns_list(ConfigReading& reading, const toml::node& element, Config& config);
void add_observed_signal(ConfigReading& reading, const toml::node& element, Config& config);
void add_trap_recipient(ConfigReading& reading, const toml::node& element, Config& config);
/// Reads a table of bot_keys().
void add_bot(ConfigReading& reading, const toml::node& element, Config& config);
void add_fingerprint(ConfigReading& reading, const toml::node& element, UpstreamEntry& entry);
void read_code_weights(ConfigReading& reading, const toml::table& entries, policy::DnsListOptions& list);
void add_return_codes(ConfigReading& reading, const toml::node& element, policy::DnsListOptions& list);

std::string render_listen(Config& config);
std::string render_upstreams(Config& config);
std::string render_bots(Config& config);
std::string render_offer(Config& config);

inline constexpr std::string_view return_codes_form =
    "a return code such as \"127.0.0.2\", \"127.0.0.2-11\" or \"127.0.*.2\"";

/// Whether net::Endpoint::parse accepts the text.
bool is_endpoint(std::string_view text);
inline constexpr std::string_view endpoint_form =
    "ADDRESS:PORT, such as \"0.0.0.0:25\" or \"[::]:25\" (an IPv6 address in brackets; names are not looked "
    "up)";

/// Whether net::ServerAddress::parse accepts the text.
bool is_server_address(std::string_view text);
inline constexpr std::string_view server_address_form =
    "ADDRESS:PORT, such as \"127.0.0.1:10025\" (an IPv6 address in brackets; names are not looked up; the "
    "port "
    "is not 0), or unix:/PATH";

/// A host name of letters, digits, '-' and dots (RFC 1123 2.1, at most 255 octets), or "".
bool is_host_name_or_empty(std::string_view text);
inline constexpr std::string_view host_name_form =
    "a host name of letters, digits, \"-\" and dots, without a dot at its end";
inline constexpr std::string_view store_form =
    "\"local\", \"off\", \"auto\", or a Redis as redis://:PASSWORD@HOST:PORT";

/// Whether the text is "auto", "off", "local", or the URL of a Redis.
bool is_store_place(std::string_view text);
/// Explains why the text is none of these, without repeating a password in it.
std::string store_fault(std::string_view text);
/// Whether the text is a DNS zone to ask below: labels without dots at the ends, short enough for an IPv6
/// address in front.
bool is_zone(std::string_view text);

}  // namespace sluice::app
