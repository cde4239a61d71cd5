// What an operator can set, as one value, and how a TOML file becomes it.
//
// Every key of the file is one row of keys.cpp; its default is what the options struct of its part
// says. The file is read once, at start; flags are laid over it (run_flags.hpp); finish_config() then fills
// in what follows from several keys and checks what no single key can. Nothing here touches a socket.
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

/// Files in the MaxMind DB format that say where addresses are from; empty = that is not known.
struct RegisterFiles {
    std::string asn;
    std::string country;
};

/// The whole configuration. The default one is what `sluice run` uses without a file: a loopback port that
/// needs no rights, in front of where `sluice sink` listens.
struct Config {
    Config();

    std::vector<net::Endpoint> listen;
    std::vector<net::Endpoint> tls_listen;  // TLS begins at once there
    unsigned workers = 0;                   // 0 = one a core
    std::string state_dir;  // empty = nothing is kept on disk; else exists or is made at start
    std::string user;       // of the workers, when root starts them; empty = root, without capabilities
    LogOptions log;
    net::ListenOptions listening{.receive_buffer = net::ListenOptions::paced_receive_buffer};
    net::ResolverOptions resolver;
    std::string trust_anchor_file = "/usr/share/dns/root.key";  // Debian's dns-root-data
    front::FrontOptions front;
    relay::RelayOptions relay;
    store::StoreOptions store;
    RegisterFiles registers;
    bool named_by_machine = false;  // smtp.hostname was not set: finish_config() took this machine's name

    /// What `store` says of a Redis, with what belongs to it; nothing = it is none.
    std::optional<store::RedisOptions> redis() const;
    /// There is a store process.
    bool remembers() const { return store.where != "off"; }
    /// The socket of the store process, and where it keeps its files; in the state directory.
    std::string store_path() const { return state_dir + "/store"; }
    std::string memory_directory() const { return state_dir + "/memory"; }
    /// Where a store process keeps the operator's acts itself, whose other records are in Redis.
    std::string acts_directory() const { return state_dir + "/acts"; }

    /// Where to listen: at `listen`, then at `tls_listen`.
    std::vector<Door> doors() const;

    /// Somebody has to be looked up, so workers need a resolver.
    bool needs_resolver() const;
    /// An MTA is to be known by its TLSA records, so workers need a resolver that validates.
    bool needs_validation() const;
    net::ResolverOptions validating_resolver() const;
};

/// Something wrong with a configuration; line and column count from 1, and are 0 where no single place of the
/// file is to blame.
struct ConfigError {
    std::string file;
    unsigned line = 0;
    unsigned column = 0;
    std::string text;

    /// "sluice.toml:12:5: text", or less where there is less to say.
    std::string to_string() const;
    bool operator==(const ConfigError&) const = default;
};

template <class T>
using ConfigResult = std::expected<T, std::vector<ConfigError>>;

/// Reads TOML text over the defaults; `file` is what errors call it. All errors are reported, not only the
/// first, in the order of the text; a syntax error is reported alone.
ConfigResult<Config> parse_config(std::string_view text, const std::string& file);

/// parse_config of a file's content.
ConfigResult<Config> load_config(const std::string& path);

/// Fills in what follows from other keys (the host's name, where spool files live, what both sides offer) and
/// checks the rules that span keys. To be called once, after the flags.
ConfigResult<Config> finish_config(Config config);

}  // namespace sluice::app
