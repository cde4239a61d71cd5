#include "app/generation/generation.hpp"

#include <sys/fsuid.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fmt/format.h>
#include <utility>

#include "app/generation/descriptors.hpp"
#include "app/generation/worker_count.hpp"
#include "app/process/start_error.hpp"

namespace sluice::app {

namespace {

/// Makes a directory that belongs to us and is open to the workers' group. The group is set by the process's
/// group at creation: changing it later would need a capability (CAP_CHOWN) that nothing else needs.
void make_directory(const std::string& path, mode_t mode, const std::optional<guard::User>& user) {
    const int group = user ? ::setfsgid(user->group) : -1;
    const int result = ::mkdir(path.c_str(), mode);
    const int error = errno;
    if (result == 0) ::chmod(path.c_str(), mode);  // independent of the umask
    if (user) ::setfsgid(static_cast<gid_t>(group));
    if (result != 0 && error != EEXIST)
        throw StartError(
            fmt::format("cannot make directory {}: {}", path, std::generic_category().message(error)));
}

void prepare_directories(const Config& config, const std::optional<guard::User>& user) {
    if (!config.state_dir.empty()) {
        make_directory(config.state_dir, 0750, user);
        if (config.front.spool.directory.starts_with(config.state_dir + '/'))
            make_directory(config.front.spool.directory, 0770, user);
        if (config.store.where == "local") make_directory(config.memory_directory(), 0770, user);
        if (config.redis()) make_directory(config.acts_directory(), 0770, user);
    }
    if (!user) require_spool(config);  // with a user of its own, a worker checks it: only that user writes
}

/// Lowers a worker's sessions to what its descriptors allow, and logs that.
void fit_sessions(Config& config, const EventLog& events) {
    const std::uint64_t limit = raise_descriptor_limit();
    const unsigned fitting =
        sessions_within(limit, config.front.sessions_max, descriptors_beside_sessions(config));
    if (fitting < config.front.sessions_max)
        events.event(
            "sessions_lowered",
            {{"why", std::string_view("the limit of file descriptors (ulimit -Hn, LimitNOFILE=) is too "
                                      "low for limits.sessions_max")},
             {"descriptors", static_cast<std::int64_t>(limit)},
             {"sessions_max", std::int64_t{config.front.sessions_max}},
             {"sessions_max_now", std::int64_t{fitting}}});
    config.front.sessions_max = fitting;
}

/// The TCP port of "ADDRESS" or "ADDRESS:PORT".
std::uint16_t dns_port(const std::string& server) {
    const auto endpoint = net::Endpoint::parse(server);
    return endpoint ? endpoint->port : 53;
}

void reach_upstream(const relay::UpstreamOptions& upstream, guard::Reach& reach) {
    // Landlock does not govern Unix-domain sockets: their file permissions do.
    if (!upstream.address.is_unix()) reach.tcp_ports.push_back(upstream.address.tcp.port);
    if (!upstream.wants_tls()) return;
    if (!upstream.tls.ca_file.empty()) return reach.readable.push_back(upstream.tls.ca_file);
    // Debian's CA certificates, which OpenSSL looks up during a handshake; their names link to files
    // elsewhere.
    for (const char* directory :
         {"/etc/ssl/certs", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates"})
        reach.readable.emplace_back(directory);
}

}  // namespace

unsigned Generation::workers() const {
    return worker_count(config.workers);
}

std::optional<guard::User> workers_user(const Config& config) {
    if (config.user.empty() || ::geteuid() != 0) return std::nullopt;
    auto user = guard::find_user(config.user);
    if (!user)
        throw StartError(
            fmt::format("there is no user {0} (user); make it: adduser --system --group --no-create-home {0}",
                        config.user));
    if (user->id == 0)
        throw StartError(
            fmt::format("user {} is root: workers are to have a user without rights, such as sluice (adduser "
                        "--system --group --no-create-home sluice)",
                        config.user));
    return user;
}

std::shared_ptr<Generation> make_generation(Config config, std::shared_ptr<const Registers> registers,
                                            const Generation* before) {
    auto made = std::make_shared<Generation>();
    made->config = std::move(config);
    made->registers = std::move(registers);
    made->user = workers_user(made->config);
    if (before != nullptr) {
        made->number = before->number + 1;
        made->config.front.tls.certificates.ticket_key = before->config.front.tls.certificates.ticket_key;
    }
    const std::string& destination = made->config.log.destination;
    made->log_file = before != nullptr && before->log_file->destination() == destination
                         ? before->log_file
                         : std::make_shared<const LogFile>(destination);
    prepare_directories(made->config, made->user);
    made->certificates = load_certificates(made->config);
    check_authorities(made->config);
    fit_sessions(made->config, events_of(*made));
    return made;
}

EventLog events_of(const Generation& generation) {
    const LogFormat format = generation.config.log.format;
    return {format, [format, log_file = generation.log_file](std::string_view line) {
                log_file->write_now(format, line);
            }};
}

guard::Sandbox sandbox_of(const Generation& generation) {
    const Config& config = generation.config;
    guard::Reach reach;
    // libunbound, OpenSSL and net::MemoryWatch read these when they are set up.
    reach.readable = {"/etc/resolv.conf", "/etc/hosts", "/etc/ssl/openssl.cnf", config.trust_anchor_file,
                      "/proc/self/statm"};
    // The directory, because a new list replaces the old one by a rename.
    if (config.relay.verify.by == relay::VerifyBy::list)
        reach.readable.push_back(
            std::filesystem::absolute(config.relay.verify.list_file).parent_path().string());
    reach.writable = {config.front.spool.directory};
    for (const relay::UpstreamOptions& upstream : config.relay.upstreams)
        reach_upstream(upstream, reach);
    if (config.needs_resolver() || config.needs_validation()) {
        reach.tcp_ports.push_back(53);
        for (const std::string& server : config.resolver.servers)
            reach.tcp_ports.push_back(dns_port(server));
    }
    return {.user = generation.user, .reach = std::move(reach)};
}

guard::Sandbox store_sandbox_of(const Generation& generation) {
    guard::Reach reach;
    reach.readable = {"/etc/ssl/openssl.cnf"};
    const auto redis = generation.config.redis();
    if (!redis) {
        reach.writable = {generation.config.memory_directory()};
        return {.user = generation.user, .reach = std::move(reach)};
    }
    for (const char* file : {"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/host.conf",
                             "/etc/gai.conf", "/etc/services"})
        reach.readable.emplace_back(file);
    for (const std::string& file : {redis->tls_options.ca_file, redis->tls_options.chain_file})
        if (!file.empty()) reach.readable.push_back(file);
    if (redis->tls)
        for (const char* directory :
             {"/etc/ssl/certs", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates"})
            reach.readable.emplace_back(directory);
    reach.writable = {generation.config.acts_directory()};
    reach.all_tcp_ports = true;  // a cluster and its Sentinels name further ports
    return {.user = generation.user, .reach = std::move(reach)};
}

void require_spool(const Config& config) {
    const std::string& directory = config.front.spool.directory;
    if (::access(directory.c_str(), W_OK | X_OK) == 0) return;
    const int error = errno;
    throw StartError(fmt::format("cannot write into {} (spool.directory){}{}: {}", directory,
                                 config.user.empty() ? "" : " as ", config.user,
                                 std::generic_category().message(error)));
}

}  // namespace sluice::app
