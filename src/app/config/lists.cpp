#include "app/config/lists.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>

#include "app/config/keys.hpp"
#include "app/config/policy_keys.hpp"
#include "app/config/read.hpp"
#include "base/ascii.hpp"
#include "policy/known_lists.hpp"
#include "store/redis/redis_options.hpp"

namespace sluice::app {

namespace {

/// The extensions that an operator may withhold, in the order in which they are announced.
constexpr std::array<std::string_view, 8> offerable = {
    "PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8", "CHUNKING", "DSN", "ENHANCEDSTATUSCODES", "REQUIRETLS"};

const std::string* string_of(ConfigReading& reading, const toml::node& element, std::string_view wanted) {
    if (const auto* value = element.as_string()) return &value->get();
    reading.fault(element, fmt::format("expected {}, not {}", wanted, found_in(element)));
    return nullptr;
}

bool is_domain(std::string_view text, bool underscores) {
    std::size_t label = 0;
    for (const char c : text) {
        if (c == '.') {
            if (label == 0) return false;
            label = 0;
            continue;
        }
        const bool fits = ascii::is_alnum(c) || c == '-' || (underscores && c == '_');
        if (!fits || ++label > 63) return false;
    }
    return label > 0;
}

/// Reads a fingerprint as `openssl x509 -fingerprint -sha256` prints it: 32 octets in hexadecimal, with
/// colons between them or without.
std::optional<std::string> fingerprint_octets(std::string_view text) {
    constexpr std::size_t octets = 32;
    const bool colons = text.find(':') != std::string_view::npos;
    if (text.size() != octets * 2 + (colons ? octets - 1 : 0)) return std::nullopt;
    std::string digest;
    for (std::size_t at = 0; at < text.size(); at += colons ? 3 : 2) {
        const int octet = ascii::hex_octet(text.substr(at, 2));
        if (octet < 0 || (colons && at != 0 && text[at - 1] != ':')) return std::nullopt;
        digest += static_cast<char>(octet);
    }
    return digest;
}

/// Appends a string to a TOML list under construction.
void append_string(std::string& list, std::string_view text) {
    list += list.empty() ? "" : ", ";
    list += toml_string(text);
}

}  // namespace

namespace {

void add_address(ConfigReading& reading, const toml::node& element, std::vector<net::Endpoint>& addresses) {
    const std::string* text = string_of(reading, element, "\"ADDRESS:PORT\", such as \"0.0.0.0:25\"");
    if (text == nullptr) return;
    const auto endpoint = net::Endpoint::parse(*text);
    if (!endpoint) return reading.fault(element, fmt::format("\"{}\" is not {}", *text, endpoint_form));
    if (std::ranges::find(addresses, *endpoint) != addresses.end())
        return reading.fault(element, fmt::format("{} is listed twice", endpoint->to_string()));
    addresses.push_back(*endpoint);
}

}  // namespace

void add_listen(ConfigReading& reading, const toml::node& element, Config& config) {
    add_address(reading, element, config.listen);
}

void add_tls_listen(ConfigReading& reading, const toml::node& element, Config& config) {
    add_address(reading, element, config.tls_listen);
}

namespace {

/// A contradiction between keys of an MTA, for which no single key is at fault; empty = none.
std::string_view contradiction(const relay::UpstreamOptions& options) {
    using relay::MtaTls;
    const relay::MtaTlsOptions& tls = options.tls;
    const bool by_name = tls.level == MtaTls::verify || tls.level == MtaTls::dane_only;
    if (by_name && tls.name.empty()) return "with tls = \"verify\" or \"dane-only\" an MTA needs a tls_name";
    if (tls.level == MtaTls::fingerprint && tls.fingerprints.empty())
        return "with tls = \"fingerprint\" an MTA needs tls_fingerprints";
    if (!options.address.is_unix()) return {};
    if (tls.level == MtaTls::dane_only) return "a Unix-domain socket has no TLSA records";
    if (options.identity == relay::IdentityBy::proxy_v2)
        return "a PROXY header names addresses, and a Unix-domain socket has none";
    return {};
}

}  // namespace

void add_upstream(ConfigReading& reading, const toml::node& element, Config& config) {
    UpstreamEntry entry;
    if (const toml::table* table = element.as_table()) {
        read_table(reading, upstream_keys(), "", *table, entry, "[[relay.mta]]");
        if (!table->contains("address"))
            return reading.fault(element, "an MTA needs an address, such as address = \"127.0.0.1:10025\"");
    } else if (const std::string* text =
                   string_of(reading, element, "\"ADDRESS:PORT\", such as \"127.0.0.1:10025\"")) {
        if (!is_server_address(*text))
            return reading.fault(element, fmt::format("\"{}\" is not {}", *text, server_address_form));
        entry.address = *text;
    }
    const auto address = net::ServerAddress::parse(entry.address);
    if (!address) return;  // already reported
    auto& upstreams = config.relay.upstreams;
    if (std::ranges::find(upstreams, *address, &relay::UpstreamOptions::address) != upstreams.end())
        return reading.fault(element, fmt::format("{} is listed twice", address->to_string()));
    entry.options.address = *address;
    if (const std::string_view why = contradiction(entry.options); !why.empty())
        return reading.fault(element, std::string(why));
    upstreams.push_back(entry.options);
}

void add_fingerprint(ConfigReading& reading, const toml::node& element, UpstreamEntry& entry) {
    const std::string* text = string_of(reading, element, "a fingerprint");
    if (text == nullptr) return;
    const std::optional<std::string> digest = fingerprint_octets(*text);
    if (!digest)
        return reading.fault(element, fmt::format("\"{}\" is not a SHA-256 digest of 64 hexadecimal digits, "
                                                  "with or without colons",
                                                  *text));
    entry.options.tls.fingerprints.push_back(*digest);
}

void add_dns_server(ConfigReading& reading, const toml::node& element, Config& config) {
    const std::string* text = string_of(reading, element, "an address such as \"127.0.0.1\"");
    if (text == nullptr) return;
    if (!IpAddress::parse(*text) && !net::Endpoint::parse(*text))
        return reading.fault(element,
                             fmt::format("\"{}\" is not ADDRESS or ADDRESS:PORT, such as \"127.0.0.1\" or "
                                         "\"192.0.2.53:5353\"; names are not looked up",
                                         *text));
    config.resolver.servers.push_back(*text);
}

void add_chain_file(ConfigReading& reading, const toml::node& element, Config& config) {
    net::TlsChain files;
    if (const toml::table* const table = element.as_table()) {
        read_table(reading, chain_keys(), "", *table, files, "[[tls.chain_files]]");
        if (files.chain.empty() || files.key.empty())
            return reading.fault(
                element,
                "a certificate needs a chain and a key, as in { chain = \"fullchain.pem\", key = "
                "\"privkey.pem\" }");
    } else if (const std::string* const text = string_of(reading, element, "a file, or a table of two")) {
        files = {*text};
    } else {
        return;
    }
    config.front.tls.certificates.chain_files.push_back(std::move(files));
}

void add_extension(ConfigReading& reading, const toml::node& element, Config& config) {
    const std::string* text = string_of(reading, element, "an EHLO keyword");
    if (text == nullptr) return;
    const auto extension = smtp::extension_named(*text);
    if (!extension || !smtp::Offer::everything().has(*extension))
        return reading.fault(element, fmt::format("\"{}\" cannot be offered; what can is {}", *text,
                                                  fmt::join(offerable, ", ")));
    config.front.allowed.add(*extension);
}

namespace {

/// Turns "10.1.2.3/8" into 10.0.0.0/8, which was most likely meant.
std::optional<Network> without_host_bits(std::string_view text) {
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    const auto address = IpAddress::parse(text.substr(0, slash));
    unsigned prefix = 0;
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
    const bool whole = error == std::errc() && end == digits.data() + digits.size();
    if (!address || !whole || prefix > address->bits()) return std::nullopt;
    return Network(*address, prefix);
}

std::optional<Network> network_of(ConfigReading& reading, const toml::node& element) {
    const std::string* text = string_of(reading, element, "a network such as \"192.0.2.0/24\"");
    if (text == nullptr) return std::nullopt;
    const auto network = Network::parse(*text);
    if (network) return network;
    if (const auto meant = without_host_bits(*text))
        reading.fault(element, fmt::format("\"{}\" has bits set behind its prefix: the network is \"{}\"",
                                           *text, meant->to_string()));
    else
        reading.fault(element, fmt::format("\"{}\" is not a network, such as \"192.0.2.0/24\", "
                                           "\"2001:db8::/32\" or a single address",
                                           *text));
    return std::nullopt;
}

}  // namespace

void add_proxy_network(ConfigReading& reading, const toml::node& element, Config& config) {
    if (const auto network = network_of(reading, element))
        config.front.proxy_protocol.networks.push_back(*network);
}

void add_health_network(ConfigReading& reading, const toml::node& element, Config& config) {
    if (const auto network = network_of(reading, element))
        config.front.policy.health_networks.push_back(*network);
}

template <policy::Lane lane>
void add_network(ConfigReading& reading, const toml::node& element, Config& config) {
    const auto network = network_of(reading, element);
    if (!network) return;
    if (reading.list_network(network->to_string(), lane, element.source().begin)) {
        // Naming a network twice on one list changes nothing.
        (void)config.front.policy.networks.add(*network, lane);
    }
}

template void add_network<policy::Lane::fast>(ConfigReading&, const toml::node&, Config&);
template void add_network<policy::Lane::slow>(ConfigReading&, const toml::node&, Config&);
template void add_network<policy::Lane::defer>(ConfigReading&, const toml::node&, Config&);
template void add_network<policy::Lane::reject>(ConfigReading&, const toml::node&, Config&);

template <bool allow>
void add_dns_list(ConfigReading& reading, const toml::node& element, Config& config) {
    const toml::table* table = element.as_table();
    const std::string_view key = allow ? "policy.dnswl" : "policy.dnsbl";
    if (table == nullptr) {
        const auto* text = element.as_string();
        const std::string zone = text != nullptr && is_zone(text->get()) ? text->get() : "bl.example.org";
        return reading.fault(element, fmt::format("{} holds tables, such as {{ zone = {} }}, not {}", key,
                                                  toml_string(zone), found_in(element)));
    }
    policy::DnsListOptions list;
    list.allow = allow;
    read_table(reading, dns_list_keys(), "", *table, list, fmt::format("[[{}]]", key));
    if (!table->contains("zone"))
        return reading.fault(element, "a DNS list needs a zone, such as zone = \"bl.example.org\"");
    const toml::node* const codes = table->get("codes");
    if (codes != nullptr && (table->contains("weight") || table->contains("accept")))
        return reading.fault(*codes, "codes stands in place of weight and accept, not beside them");
    policy::fill_in_known(list, table->contains("weight"));
    config.front.policy.dns_lists.push_back(std::move(list));
}

template void add_dns_list<false>(ConfigReading&, const toml::node&, Config&);
template void add_dns_list<true>(ConfigReading&, const toml::node&, Config&);

void add_observed_signal(ConfigReading& reading, const toml::node& element, Config& config) {
    const std::string* text = string_of(reading, element, "a signal's name");
    if (text == nullptr) return;
    if (const auto id = policy::signal_named(*text)) return config.front.policy.signals.observe(*id);
    std::vector<std::string_view> names;
    for (const policy::SignalRow& row : policy::signal_catalogue())
        names.push_back(row.name);
    const std::string_view nearest = nearest_name(*text, names);
    reading.fault(element, nearest.empty()
                               ? fmt::format("unknown signal {}", *text)
                               : fmt::format("unknown signal {}; did you mean {}?", *text, nearest));
}

void add_trap_recipient(ConfigReading& reading, const toml::node& element, Config& config) {
    const std::string* text = string_of(reading, element, "an address");
    if (text == nullptr || config.front.policy.trap_recipients.add(*text)) return;
    reading.fault(element, fmt::format("\"{}\" is neither an address nor @DOMAIN", *text));
}

void add_bot(ConfigReading& reading, const toml::node& element, Config& config) {
    const toml::table* table = element.as_table();
    if (table == nullptr)
        return reading.fault(element, fmt::format("policy.bots holds tables, such as {{ name = \"lethic\", "
                                                  "after_s = 30 }}, not {}",
                                                  found_in(element)));
    policy::BotSignature bot;
    read_table(reading, bot_keys(), "", *table, bot, "[[policy.bots]]");
    if (!table->contains("name") || !table->contains("after_s"))
        return reading.fault(element,
                             "a bot needs a name and after_s, as in { name = \"lethic\", after_s = 30 }");
    config.front.policy.bots.push_back(std::move(bot));
}

std::string render_bots(Config& config) {
    std::string list;
    for (const policy::BotSignature& bot : config.front.policy.bots)
        list += fmt::format("{}{{ name = {}, after_s = {}, tolerance_s = {} }}", list.empty() ? "" : ", ",
                            toml_string(bot.name), bot.after.count(), bot.tolerance.count());
    return '[' + list + ']';
}

std::string render_listen(Config& config) {
    std::string list;
    for (const net::Endpoint& endpoint : config.listen)
        append_string(list, endpoint.to_string());
    return '[' + list + ']';
}

std::string render_upstreams(Config& config) {
    std::string list;
    for (const auto& upstream : config.relay.upstreams)
        append_string(list, upstream.address.to_string());
    return '[' + list + ']';
}

std::string render_offer(Config& config) {
    std::string list;
    for (const std::string_view keyword : offerable) {
        const auto extension = smtp::extension_named(keyword);
        if (extension && config.front.allowed.has(*extension)) append_string(list, keyword);
    }
    return '[' + list + ']';
}

bool is_endpoint(std::string_view text) {
    return net::Endpoint::parse(text).has_value();
}

bool is_server_address(std::string_view text) {
    return net::ServerAddress::parse(text).has_value();
}

bool is_store_place(std::string_view text) {
    return text == "auto" || text == "off" || text == "local" || store::parse_redis_url(text).has_value();
}

std::string store_fault(std::string_view text) {
    const auto url = store::parse_redis_url(text);
    const bool meant_as_url = text.find(':') != std::string_view::npos;
    return !url && meant_as_url ? url.error() : "it is none of these";
}

bool is_host_name_or_empty(std::string_view text) {
    return text.empty() || (text.size() <= 255 && is_domain(text, false));
}

bool is_zone(std::string_view text) {
    // 32 nibbles with their dots go before it, and a name has at most 253 octets.
    return text.size() <= 253 - 64 && is_domain(text, true);
}

}  // namespace sluice::app
