#include "app/supervisor/successor.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <utility>

#include "app/process/exit_codes.hpp"
#include "app/process/start_error.hpp"
#include "app/process/systemd.hpp"

namespace sluice::app {

namespace {

constexpr const char* channel_variable = "SLUICE_PREDECESSOR";  // a descriptor
constexpr int first_passed = 3;

/// Our environment for the new process. Variables that are meant for one process only are set anew for it.
std::vector<std::string> environment_of_new(const std::vector<ListeningSocket>& sockets, int channel) {
    std::vector<std::string> variables;
    for (char** each = environ; *each != nullptr; ++each) {
        const std::string_view variable(*each);
        const std::string_view name = variable.substr(0, variable.find('='));
        if (!name.starts_with("LISTEN_") && name != "WATCHDOG_PID" && name != channel_variable)
            variables.emplace_back(variable);
    }
    const pid_t pid = ::getpid();
    variables.push_back(fmt::format("LISTEN_PID={}", pid));
    variables.push_back(fmt::format("LISTEN_FDS={}", sockets.size()));
    std::string names;
    for (const ListeningSocket& socket : sockets)
        names += fmt::format("{}{}", names.empty() ? "" : ":", name_of(socket->wrapping));
    variables.push_back("LISTEN_FDNAMES=" + names);
    variables.push_back(fmt::format("WATCHDOG_PID={}", pid));
    variables.push_back(fmt::format("{}={}", channel_variable, channel));
    return variables;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    pointers.reserve(texts.size() + 1);
    for (std::string& text : texts)
        pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
}

/// Runs in the child. The sockets get the descriptors from 3 on, whatever these are now; the channel gets the
/// next.
[[noreturn]] void execute(const Program& program, const std::vector<ListeningSocket>& sockets,
                          const net::Fd& channel) {
    std::vector<int> passed;
    passed.reserve(sockets.size() + 1);
    for (const ListeningSocket& socket : sockets)
        passed.push_back(socket->fd.get());
    passed.push_back(channel.get());
    const int above = first_passed + static_cast<int>(passed.size());
    // First copies everything above the target range, so that dup2() overwrites no descriptor that is still
    // to be moved. dup2() also clears close-on-exec, which the copies keep.
    for (int& fd : passed)
        fd = ::fcntl(fd, F_DUPFD_CLOEXEC, above);
    for (std::size_t i = 0; i < passed.size(); ++i)
        ::dup2(passed[i], first_passed + static_cast<int>(i));

    // The supervisor blocks the signals that it reads (SignalWatch), and execve(2) would pass that mask on.
    sigset_t none;
    sigemptyset(&none);
    ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
    std::vector<std::string> arguments = program.arguments;
    std::vector<std::string> variables = environment_of_new(sockets, above - 1);
    ::execve(program.path.c_str(), pointers_to(arguments).data(), pointers_to(variables).data());
    // execve(2) returns only on failure: report why. The last descriptor passed is the channel.
    const std::string error =
        complaint_packet(fmt::format("{}: {}", program.path, std::generic_category().message(errno)));
    ::send(above - 1, error.data(), error.size(), MSG_NOSIGNAL);
    ::_exit(exit_failed);
}

}  // namespace

Program this_program() {
    std::ifstream in("/proc/self/cmdline", std::ios::binary);
    const std::string line{std::istreambuf_iterator<char>(in), {}};
    Program program{.path = std::filesystem::read_symlink("/proc/self/exe").string(), .arguments = {}};
    for (std::size_t at = 0; at < line.size();) {
        const std::size_t end = std::min(line.find('\0', at), line.size());
        program.arguments.push_back(line.substr(at, end - at));
        at = end + 1;
    }
    return program;
}

Successor::Successor(net::Loop& loop, const Program& program, const std::vector<ListeningSocket>& sockets,
                     Heard heard)
    : loop_(loop), heard_(std::move(heard)) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
        throw StartError(
            fmt::format("no channel to a new program: {}", std::generic_category().message(errno)));
    channel_.reset(ends[0]);
    const net::Fd theirs(ends[1]);
    // The channel is watched first: a new program whose report nobody hears would serve beside this one.
    if (!loop_.watch(channel_.get(), *this, EPOLLIN))
        throw StartError(
            fmt::format("no channel to a new program: {}", std::generic_category().message(errno)));
    pid_ = ::fork();
    if (pid_ == 0) execute(program, sockets, theirs);
    if (pid_ > 0) return;
    const int error = errno;
    loop_.unwatch(channel_.get());
    throw StartError(fmt::format("no new process: {}", std::generic_category().message(error)));
}

Successor::~Successor() {
    if (channel_) loop_.unwatch(channel_.get());
}

void Successor::end(int signal) const {
    if (pid_ > 0) ::kill(pid_, signal);
}

void Successor::on_io(std::uint32_t) {
    std::array<char, successor_octets_max> buffer;
    for (;;) {
        const ssize_t octets = ::recv(channel_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (octets < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (octets <= 0) break;
        const auto said = read_successor({buffer.data(), static_cast<std::size_t>(octets)});
        if (said && !said->up) errors_.emplace_back(said->complaint);
        if (said && said->up && !std::exchange(up_, true)) heard_.up();
    }
    // The end of input is the only sign that the new process has ended: reap() does not look for its pid.
    loop_.unwatch(channel_.get());
    channel_.reset();
    if (up_) return heard_.gone();
    if (errors_.empty()) errors_.emplace_back("the new program ended before it was up; its log may say why");
    heard_.failed(errors_);
}

void Predecessor::say(std::string_view packet) const {
    if (channel_) ::send(channel_.get(), packet.data(), packet.size(), MSG_NOSIGNAL);
}

Predecessor find_predecessor() {
    const std::string text = environment(channel_variable);
    int fd = -1;
    std::from_chars(text.data(), text.data() + text.size(), fd);
    // A process may inherit the variable without a supervisor having executed it. It then has no such socket.
    int type = 0;
    socklen_t size = sizeof type;
    if (fd < 0 || ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_SEQPACKET)
        return Predecessor(net::Fd());
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    return Predecessor(net::Fd(fd));
}

}  // namespace sluice::app
