// sluice-guard-cost: what one system call costs in the sandbox of a worker, in ns, as one JSON line.
//
// Each kind of guard is tried in processes of its own, in turn; of all batches the quickest counts, since
// whatever else the machine does can only make one slower.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fmt/format.h>
#include <limits>
#include <map>
#include <string>

#include "guard/landlock.hpp"
#include "guard/privileges.hpp"
#include "guard/system_calls.hpp"

namespace {

using namespace sluice;

constexpr int rounds = 10;
constexpr int batches = 20;
constexpr std::uint16_t port = 9;  // discard; nobody listens

struct Guard {
    const char* name;
    bool landlock;
    bool seccomp;
};
constexpr std::array guards{Guard{"none", false, false}, Guard{"landlock", true, false},
                            Guard{"seccomp", false, true}, Guard{"both", true, true}};

/// One that the filter knows by its number, as most are.
void receive(int peer) {
    char octet = 0;
    (void)::recv(peer, &octet, 1, MSG_DONTWAIT);
}

/// One whose arguments it looks at.
void make_socket(int) {
    ::close(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

/// One that Landlock looks at, and refused by the port: what else it costs is no connection.
void connect_to_nobody(int) {
    const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (made < 0) ::_exit(1);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(made, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
        ::_exit(1);  // somebody listens
    ::close(made);
}

struct Call {
    const char* name;
    void (*make)(int);
    int times;
};
constexpr std::array calls{Call{"recv", receive, 2000}, Call{"socket and close", make_socket, 500},
                           Call{"socket, connect and close", connect_to_nobody, 200}};
using Costs = std::array<double, calls.size()>;  // ns

double quickest(const Call& call, int peer) {
    double least = std::numeric_limits<double>::max();
    for (int batch = 0; batch < batches; ++batch) {
        const auto began = std::chrono::steady_clock::now();
        for (int i = 0; i < call.times; ++i)
            call.make(peer);
        const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - began;
        least = std::min(least, took.count() / call.times);
    }
    return least;
}

/// In a child: guards itself, measures, and writes what it found to `out`.
void measure(const Guard& guard, int out) {
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return;
    guard::keep_to_itself();
    if (guard.landlock) (void)guard::restrict_reach({.readable = {}, .writable = {}, .tcp_ports = {port}});
    if (guard.seccomp && !guard::restrict_system_calls()) return;
    Costs costs{};
    for (std::size_t i = 0; i < calls.size(); ++i)
        costs[i] = quickest(calls[i], pair[0]);
    if (::write(out, costs.data(), sizeof costs) != sizeof costs) ::_exit(1);
}

/// False when the kernel has no such guard.
bool try_guard(const Guard& guard, Costs& least) {
    int pipe[2];
    if (::pipe(pipe) != 0) return false;
    const pid_t child = ::fork();
    if (child == 0) {
        measure(guard, pipe[1]);
        ::_exit(0);
    }
    ::close(pipe[1]);
    Costs costs{};
    const bool measured = ::read(pipe[0], costs.data(), sizeof costs) == sizeof costs;
    ::close(pipe[0]);
    ::waitpid(child, nullptr, 0);
    for (std::size_t i = 0; measured && i < calls.size(); ++i)
        least[i] = least[i] > 0 ? std::min(least[i], costs[i]) : costs[i];
    return measured;
}

}  // namespace

int main() try {
    std::map<std::string, Costs> least;
    for (int round = 0; round < rounds; ++round) {
        for (const Guard& guard : guards) {
            if (!try_guard(guard, least[guard.name])) {
                fmt::print(stderr, "sluice-guard-cost: {} cannot be tried\n", guard.name);
                return 2;
            }
        }
    }
    std::string text;
    for (const Guard& guard : guards) {
        text += fmt::format(R"({}"{}":{{)", text.empty() ? "" : ",", guard.name);
        for (std::size_t i = 0; i < calls.size(); ++i)
            text += fmt::format(R"({}"{}":{:.1f})", i == 0 ? "" : ",", calls[i].name, least[guard.name][i]);
        text += '}';
    }
    fmt::print("{{{}}}\n", text);
    return 0;
} catch (const std::exception& error) {
    fmt::print(stderr, "sluice-guard-cost: {}\n", error.what());
    return 2;
}
