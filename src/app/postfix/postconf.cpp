#include "app/postfix/postconf.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <initializer_list>
#include <optional>
#include <utility>
#include <vector>

#include "net/fd.hpp"

namespace sluice::app {

namespace {

using Clock = std::chrono::steady_clock;

/// The parameters on which a listener for Sluice depends, and the check's advice about clients and
/// certificates.
constexpr std::initializer_list<const char*> parameters = {
    "mynetworks",
    "master_service_disable",
    "cleanup_service_name",
    "in_flow_delay",
    "smtpd_upstream_proxy_protocol",
    "postscreen_upstream_proxy_protocol",
    "smtpd_tls_auth_only",
    "smtpd_tls_wrappermode",
    "smtpd_tls_security_level",
    "smtpd_tls_chain_files",
    "smtpd_tls_cert_file",
    "smtpd_tls_key_file",
    "smtpd_client_restrictions",
    "smtpd_helo_restrictions",
    "smtpd_sender_restrictions",
    "smtpd_relay_restrictions",
    "smtpd_recipient_restrictions",
    "local_header_rewrite_clients",
};

/// All output of the program until it closes it; nothing if it is too long or takes too long.
std::optional<std::string> read_all(int fd, const PostconfOptions& options) {
    const auto deadline = Clock::now() + options.time_max;
    std::string text;
    std::array<char, 16384> buffer;
    for (;;) {
        const auto left = std::chrono::duration_cast<Millis>(deadline - Clock::now());
        if (left.count() <= 0 || text.size() > options.octets_max) return std::nullopt;
        pollfd waiting{fd, POLLIN, 0};
        if (::poll(&waiting, 1, static_cast<int>(left.count())) <= 0) continue;
        const auto got = ::read(fd, buffer.data(), buffer.size());
        if (got == 0) return text;
        if (got < 0 && errno != EINTR) return std::nullopt;
        if (got > 0) text.append(buffer.data(), static_cast<std::size_t>(got));
    }
}

/// Starts the program with its output at `output` and its warnings discarded; returns an error number.
int spawn_postconf(const std::vector<std::string>& words, int output, pid_t& child) {
    std::vector<char*> argv;
    argv.reserve(words.size() + 1);
    for (const std::string& word : words)
        argv.push_back(const_cast<char*>(word.c_str()));  // NOLINT(cppcoreguidelines-pro-type-const-cast)
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    if (const int error = ::posix_spawn_file_actions_init(&actions)) return error;
    ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    int error = ::posix_spawnp(&child, argv.front(), &actions, nullptr, argv.data(), environ);
    // /usr/sbin is not in the PATH of every user who may run `sluice check`.
    if (error == ENOENT)
        error = ::posix_spawn(&child, "/usr/sbin/postconf", &actions, nullptr, argv.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    return error;
}

std::expected<std::string, std::string> run_postconf(const std::string& directory,
                                                     std::initializer_list<const char*> arguments,
                                                     const PostconfOptions& options) {
    std::vector<std::string> words{options.program};
    if (!directory.empty()) words.insert(words.end(), {"-c", directory});
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return std::unexpected(std::generic_category().message(errno));
    const net::Fd output(ends[0]);
    net::Fd input(ends[1]);
    pid_t child = 0;
    if (const int error = spawn_postconf(words, input.get(), child))
        return std::unexpected("postconf: " + std::generic_category().message(error));
    input = {};
    std::optional<std::string> said = read_all(output.get(), options);
    if (!said) ::kill(child, SIGKILL);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!said) return std::unexpected("postconf takes too long, or says too much");
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return std::unexpected("postconf finds no configuration" +
                               (directory.empty() ? std::string() : " in " + directory));
    return std::move(*said);
}

}  // namespace

std::expected<PostfixSettings, std::string> read_postfix(const std::string& directory,
                                                         const PostconfOptions& options) {
    const auto set = run_postconf(directory, parameters, options);
    if (!set) return std::unexpected(set.error());
    const auto fields = run_postconf(directory, {"-F"}, options);
    if (!fields) return std::unexpected(fields.error());
    const auto given = run_postconf(directory, {"-P"}, options);
    if (!given) return std::unexpected(given.error());
    return parse_postfix(*set, *fields, *given);
}

}  // namespace sluice::app
