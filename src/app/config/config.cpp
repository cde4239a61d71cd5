#include "app/config/config.hpp"

#include <fcntl.h>
#include <system_error>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fmt/format.h>
#include <fstream>
#include <toml++/toml.h>
#include <utility>

#include "app/config/keys.hpp"
#include "app/config/read.hpp"
#include "net/local_socket.hpp"
#include "policy/pacing.hpp"
#include "policy/patience.hpp"

namespace sluice::app {

namespace {

/// The machine's name as mail should show it. A host name without a domain is completed from /etc/mailname
/// (Debian's "mail name"). No DNS question is asked, because that could hang the start.
std::string machine_name() {
    char buffer[256] = {};
    std::string name = gethostname(buffer, sizeof buffer - 1) == 0 ? buffer : "";
    if (name.find('.') != std::string::npos) return name;
    std::string mail_name;
    std::ifstream("/etc/mailname") >> mail_name;
    if (mail_name.find('.') != std::string::npos) return mail_name;
    return name.empty() ? "localhost" : name;
}

/// Returns 0, or the errno that says why the file cannot be read.
int read_file(const std::string& path, std::string& text) {
    const net::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return errno;
    std::array<char, 65536> buffer;
    for (;;) {
        const ssize_t octets = ::read(fd.get(), buffer.data(), buffer.size());
        if (octets == 0) return 0;
        if (octets < 0 && errno != EINTR) return errno;
        if (octets > 0) text.append(buffer.data(), static_cast<std::size_t>(octets));
    }
}

net::Endpoint loopback(std::uint16_t port) {
    return {IpAddress::v4({127, 0, 0, 1}), port};
}

bool is_any(const IpAddress& address) {
    return std::ranges::all_of(address.octets(), [](auto o) { return o == 0; });
}

/// Whether an MTA address is one of our own listeners: every mail would loop forever.
bool would_loop(const net::Endpoint& listen, const net::Endpoint& mta) {
    if (listen.port != mta.port || listen.port == 0) return false;
    return listen.address == mta.address || (is_any(listen.address) && mta.address.is_loopback());
}

/// The fault when a known sender would leave while it waits for the greeting. The wait for the store and DNS
/// precedes the first octet; the pause for early talkers may stand between the first line and the rest.
std::string greeting_fault(const Config& config) {
    constexpr Millis late{500};  // the delay of a busy machine
    const auto& policy = config.front.policy;
    const policy::PaceOptions& pace = config.front.pace;
    const Millis before = policy.dns_deadline + config.store.deadline;
    const Millis silence =
        std::max(std::max(before, policy.pregreet_wait) + pace.moments, pace.silence_max) + late;
    const Millis reply = std::max<Millis>(before + policy.pregreet_wait, policy::Pace::reply_time_max) + late;
    const auto* const lost = policy::sender_lost_by({policy::Awaited::greeting, reply, silence});
    if (lost == nullptr) return {};
    return fmt::format(
        "policy.dns_deadline_ms, policy.pregreet.wait_ms: a greeting that is silent for {} ms, "
        "and takes {} ms in all, loses {} {} (docs/guide/senders.md)",
        silence.count(), reply.count(), lost->name, lost->version);
}

std::vector<std::string> broken_rules(const Config& config) {
    std::vector<std::string> broken;
    if (config.listen.empty())
        broken.emplace_back(
            "listen is empty: name the addresses to listen at, as in listen = [\"0.0.0.0:25\", \"[::]:25\"]");
    if (!config.tls_listen.empty() && config.front.tls.certificates.chain_files.empty())
        broken.emplace_back(
            "tls.listen is set, and tls.chain_files is not: name a certificate and its key, as in "
            "tls.chain_files = [{ chain = \"fullchain.pem\", key = \"privkey.pem\" }]");
    for (const net::Endpoint& endpoint : config.tls_listen)
        if (std::ranges::find(config.listen, endpoint) != config.listen.end())
            broken.push_back(fmt::format("{} is in listen and in tls.listen", endpoint.to_string()));
    if (std::string lost = greeting_fault(config); !lost.empty()) broken.push_back(std::move(lost));
    if (config.relay.upstreams.empty())
        broken.emplace_back(
            "relay.mta is empty: name the MTA behind, as in relay.mta = [\"127.0.0.1:10025\"]");
    const auto& pool = config.relay.pool;
    if (pool.connections_min > pool.connections_max)
        broken.push_back(
            fmt::format("relay.pool.connections_min ({}) is above relay.pool.connections_max ({})",
                        pool.connections_min, pool.connections_max));
    if (config.relay.verify.by == relay::VerifyBy::list && config.relay.verify.list_file.empty())
        broken.emplace_back(
            "recipients.verify is \"list\", and recipients.list_file is not set: name the file with an "
            "address, or @domain, a line");
    for (const auto& upstream : config.relay.upstreams)
        for (const Door& door : config.doors())
            if (!upstream.address.is_unix() && would_loop(door.address, upstream.address.tcp))
                broken.push_back(fmt::format("relay.mta {} is where Sluice itself listens ({})",
                                             upstream.address.to_string(), door.address.to_string()));
    return broken;
}

/// The fault in a configuration whose store is decided ("auto" is resolved).
std::string store_fault(const Config& config) {
    if (!config.remembers()) return "";
    if (config.state_dir.empty())
        return "store needs a state_dir, for its socket, as in state_dir = \"/var/lib/sluice\"";
    if (config.store_path().size() > net::local_path_octets_max)
        return fmt::format(
            "{} is too long for a socket, of which a path has at most {} octets: store needs a "
            "shorter state_dir",
            config.store_path(), net::local_path_octets_max);
    return "";
}

/// Makes one line of the parser's text, which quotes the input and may contain a line end.
std::string in_one_line(std::string_view text) {
    std::string line(text);
    std::ranges::replace_if(line, [](unsigned char octet) { return octet < ' ' || octet == 0x7f; }, ' ');
    return line;
}

/// The parser speaks of its grammar, so the text adds what the operator most likely did.
std::string syntax_fault(std::string_view description) {
    constexpr std::pair<std::string_view, std::string_view> hints[] = {
        {"could not determine value type",
         "; a text stands in quotation marks (state_dir = \"/var/lib/sluice\"), and true and false do not"},
        {"cannot redefine", "; it is there already: a key, and the line of a section, stand once"},
        {"invalid utf-8", "; the file is not UTF-8 text"},
        {"encountered end-of-file", "; a bracket or a quotation mark is not closed"},
        {"expected ']'", "; the line of a section is [name], that of a table in a list [[name]]"},
    };
    std::string text = in_one_line(description);
    for (const auto& [words, hint] : hints)
        if (description.find(words) != std::string_view::npos) return text.append(hint);
    return text;
}

}  // namespace

Config::Config() : listen{loopback(2525)} {
    relay::UpstreamOptions sink;
    sink.address.tcp = loopback(2526);
    relay.upstreams.push_back(sink);
    // Empty means that finish_config() determines the value.
    front.server.hostname.clear();
    front.spool.directory.clear();
}

std::vector<Door> Config::doors() const {
    std::vector<Door> all;
    all.reserve(listen.size() + tls_listen.size());
    for (const net::Endpoint& address : listen)
        all.push_back({.address = address, .wrapping = front::Wrapping::none});
    for (const net::Endpoint& address : tls_listen)
        all.push_back({.address = address, .wrapping = front::Wrapping::tls});
    return all;
}

bool Config::needs_validation() const {
    return std::ranges::any_of(relay.upstreams, [](const relay::UpstreamOptions& upstream) {
        return upstream.tls.level == relay::MtaTls::dane_only;
    });
}

net::ResolverOptions Config::validating_resolver() const {
    net::ResolverOptions options = resolver;
    options.trust_anchor_file = trust_anchor_file;
    return options;
}

bool Config::needs_resolver() const {
    return front.policy.asks_dns();
}

std::optional<store::RedisOptions> Config::redis() const {
    auto options = store::parse_redis_url(store.where);
    if (!options) return std::nullopt;
    options->key_prefix = store.redis_prefix;
    options->tls_options.ca_file = store.redis_ca_file;
    options->tls_options.chain_file = store.redis_chain_file;
    options->tls_options.server_name = store.redis_tls_name;
    return *options;
}

std::string ConfigError::to_string() const {
    if (file.empty()) return text;
    if (line == 0) return fmt::format("{}: {}", file, text);
    return fmt::format("{}:{}:{}: {}", file, line, column, text);
}

ConfigResult<Config> parse_config(std::string_view text, const std::string& file) {
    toml::table table;
    try {
        table = toml::parse(text);
    } catch (const toml::parse_error& error) {
        const toml::source_position at = error.source().begin;
        return std::unexpected(
            std::vector{ConfigError{file, at.line, at.column, syntax_fault(error.description())}});
    }
    Config config;
    ConfigReading reading(file);
    read_table(reading, config_keys(), "", table, config);
    std::vector<ConfigError> errors = reading.take_errors();
    if (!errors.empty()) return std::unexpected(std::move(errors));
    return config;
}

ConfigResult<Config> load_config(const std::string& path) {
    std::string text;
    const int fault = read_file(path, text);
    if (fault != 0)
        return std::unexpected(std::vector{ConfigError{
            path, 0, 0, fmt::format("cannot be read: {}", std::generic_category().message(fault))}});
    return parse_config(text, path);
}

ConfigResult<Config> finish_config(Config config) {
    std::vector<ConfigError> errors;
    for (std::string& text : broken_rules(config))
        errors.push_back({{}, 0, 0, std::move(text)});
    if (!errors.empty()) return std::unexpected(std::move(errors));

    config.named_by_machine = config.front.server.hostname.empty();
    if (config.named_by_machine) config.front.server.hostname = machine_name();
    config.relay.hostname = config.front.server.hostname;
    config.front.server.starttls = !config.front.tls.certificates.chain_files.empty();
    config.front.allowed.set_size_max(config.front.server.limits.message_octets_max);
    config.relay.allowed = config.front.allowed;
    if (config.store.where == "auto") config.store.where = config.state_dir.empty() ? "off" : "local";
    if (auto text = store_fault(config); !text.empty())
        return std::unexpected(std::vector{ConfigError{{}, 0, 0, std::move(text)}});
    if (config.front.spool.directory.empty())
        config.front.spool.directory = config.state_dir.empty() ? "/tmp" : config.state_dir + "/spool";
    return config;
}

}  // namespace sluice::app
