// A real name server for tests: an unbound process on a loopback port.
#pragma once

#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

#include "net/loop.hpp"
#include "net/resolver.hpp"
#include "net/socket.hpp"
#include "net/testing/test_port.hpp"

namespace sluice::net {

/// A UDP socket on a free loopback port.
struct UdpPort {
    Fd fd{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    std::string server;  // "127.0.0.1:port"
    std::uint16_t port = 0;

    UdpPort() {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) std::abort();
        const Endpoint endpoint = local_endpoint(fd.get());
        port = endpoint.port;
        server = endpoint.to_string();
    }
};

class TestNameServer {
  public:
    /// `lines` continue the server clause of unbound.conf(5) and may begin others. Throws std::runtime_error
    /// when unbound cannot be started, or does not answer within 20 seconds.
    explicit TestNameServer(std::string_view lines) {
        std::string pattern = std::filesystem::temp_directory_path() / "sluice-dns-XXXXXX";
        directory_ = ::mkdtemp(pattern.data());
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{20};
        start(lines);
        // Each attempt uses a new resolver, which has not cached the earlier silence.
        while (!answers()) {
            if (std::chrono::steady_clock::now() >= end) {
                stop();
                throw std::runtime_error("unbound does not answer");
            }
            // Another process has taken the port first.
            if (::waitpid(pid_, nullptr, WNOHANG) == pid_) start(lines);
            std::this_thread::sleep_for(std::chrono::milliseconds{20});
        }
    }
    TestNameServer(const TestNameServer&) = delete;
    TestNameServer& operator=(const TestNameServer&) = delete;
    ~TestNameServer() { stop(); }

    std::string server;  // "127.0.0.1:port"

  private:
    struct Ready final : DnsQuery {
        void answered(const DnsAnswer& answer) override { status = answer.status; }
        DnsAnswer::Status status = DnsAnswer::Status::servfail;
    };

    void start(std::string_view lines) {
        const std::uint16_t port = test_port();
        server = "127.0.0.1:" + std::to_string(port);
        const std::string path = directory_ / "unbound.conf";
        std::ofstream{path} << "server:\n  interface: 127.0.0.1\n  port: " << port
                            << "\n  chroot: \"\"\n  username: \"\"\n  pidfile: \"\"\n  directory: "
                            << directory_
                            << "\n  use-syslog: no\n  logfile: \"log\"\n  do-daemonize: no\n"
                               "  num-threads: 1\n  access-control: 127.0.0.0/8 allow\n"
                               "  module-config: \"iterator\"\n  local-data: \"ready.test. A 127.0.0.1\"\n"
                            << lines << "remote-control:\n  control-enable: no\n";
        const char* const arguments[] = {"unbound", "-d", "-c", path.c_str(), nullptr};
        if (::posix_spawn(&pid_, "/usr/sbin/unbound", nullptr, nullptr, const_cast<char* const*>(arguments),
                          environ))
            throw std::runtime_error("cannot start /usr/sbin/unbound");
    }

    void stop() const {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        std::filesystem::remove_all(directory_);
    }

    bool answers() const {
        Loop loop;
        Resolver resolver(loop, {.servers = {server}, .deadline = Millis{500}});
        Ready query;
        resolver.ask(query, "ready.test", DnsType::a);
        while (query.pending())
            loop.turn(Millis{100});
        return query.status == DnsAnswer::Status::found;
    }

    std::filesystem::path directory_;
    pid_t pid_ = -1;
};

}  // namespace sluice::net
