// All that an operator can set, as one value, and how a TOML file becomes it.
//
// Every key of the file is one row of keys.cpp; its default comes from the options struct of its part. The
// file is read once, at start, and flags are applied over it (run_flags.hpp). finish_config() then fills in
// what follows from several keys and checks what no single key can. Nothing here uses a socket.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/process/listeners.hpp"
#include "base/log_line.hpp"
#include "front/options.hpp"
#include "net/resolver.hpp"
#include "net/socket.hpp"
#include "relay/options.hpp"
#include "store/options.hpp"
#include "store/redis/redis_options.hpp"

namespace sluice::app {

struct LogOptions {
    LogFormat format = LogFormat::json;
    std::string destination = "stdout";  // "stdout", "stderr" or a file, opened anew on SIGHUP and SIGUSR1
};

/// Files in the MaxMind DB format that map addresses to networks and countries; empty = unknown.
struct RegisterFiles {
    std::string asn;
    std::string country;
};

/// The whole configuration. The default is what `sluice run` uses without a file: an unprivileged loopback
/// port, in front of the address where `sluice sink` listens.
struct Config {
    Config();

    std::vector<net::Endpoint> listen;
    std::vector<net::Endpoint> tls_listen;  // TLS begins at once there
    unsigned workers = 0;                   // 0 = one for each core
    std::string state_dir;  // empty = nothing is kept on disk; else it exists or is made at start
    std::string user;       // of the workers, when root starts them; empty = root, without capabilities
    LogOptions log;
    net::ListenOptions listening{.receive_buffer = net::ListenOptions::paced_receive_buffer};
    net::ResolverOptions resolver;
    std::string trust_anchor_file = "/usr/share/dns/root.key";  // Debian's dns-root-data
    front::FrontOptions front;
    relay::RelayOptions relay;
    store::StoreOptions store;
    RegisterFiles registers;
    bool named_by_machine = false;  // smtp.hostname was not set: finish_config() took the machine's name

    /// The Redis that `store` names, with its options; nothing when `store` names none.
    std::optional<store::RedisOptions> redis() const;
    /// Whether there is a store process.
    bool remembers() const { return store.where != "off"; }
    /// The socket of the store process and the directory of its files, both in the state directory.
    std::string store_path() const { return state_dir + "/store"; }
    std::string memory_directory() const { return state_dir + "/memory"; }
    /// The directory for the operator's acts when the other records are in Redis.
    std::string acts_directory() const { return state_dir + "/acts"; }

    /// The addresses to listen at: those of `listen`, then those of `tls_listen`.
    std::vector<Door> doors() const;

    /// Whether anything has to be looked up in DNS, so that workers need a resolver.
    bool needs_resolver() const;
    /// Whether an MTA is verified by its TLSA records, so that workers need a validating resolver.
    bool needs_validation() const;
    net::ResolverOptions validating_resolver() const;
};

/// An error in a configuration. Line and column count from 1; they are 0 when no single place in the file is
/// at fault.
struct ConfigError {
    std::string file;
    unsigned line = 0;
    unsigned column = 0;
    std::string text;

    /// "sluice.toml:12:5: text", or shorter where parts are unknown.
    std::string to_string() const;
    bool operator==(const ConfigError&) const = default;
};

template <class T>
using ConfigResult = std::expected<T, std::vector<ConfigError>>;

/// Reads TOML text over the defaults; `file` is its name in errors. All errors are reported in the order of
/// the text, except that a syntax error is reported alone.
ConfigResult<Config> parse_config(std::string_view text, const std::string& file);

/// Calls parse_config() with the content of a file.
ConfigResult<Config> load_config(const std::string& path);

/// Fills in values that follow from other keys (the host's name, the spool directory, what both sides offer)
/// and checks rules that span keys. To be called once, after the flags are applied.
ConfigResult<Config> finish_config(Config config);

}  // namespace sluice::app
