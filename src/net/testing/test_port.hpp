// A port for a test's own server: no other process takes it before the server listens.
//
// A test that asks the kernel for port 0, closes the socket and then starts a server there has a port that
// any outgoing connection on the machine may be given meanwhile. These ports are below the kernel's ephemeral
// ports, and test programs agree by locked files on which program has which hundred
// (tests/e2e/harness/ports.py describes it; bench/suite/processes.py does the same). Other programs may
// listen on some of these ports: those are left out.
#pragma once

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include "net/fd.hpp"
#include "net/socket.hpp"

namespace sluice::net {

class TestPorts {
  public:
    /// Each port is given once. Throws std::runtime_error when there are no more.
    std::uint16_t next() {
        for (;;) {
            if (port_ == block_end_) claim_block();
            const auto port = static_cast<std::uint16_t>(port_++);
            if (is_free(port)) return port;
        }
    }

  private:
    static constexpr unsigned first = 10'000;
    static constexpr unsigned block = 100;

    void claim_block() {
        const std::string directory = "/tmp/sluice-test-ports";
        if (::mkdir(directory.c_str(), 0777) == 0) ::chmod(directory.c_str(), 01777);
        for (; next_block_ + block <= below_ephemeral(); next_block_ += block) {
            const std::string file = directory + "/" + std::to_string(next_block_);
            // Not even root may create a file that exists and belongs to another user (fs.protected_regular).
            int lock = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
            if (lock < 0) lock = ::open(file.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
            if (lock < 0) continue;
            if (::flock(lock, LOCK_EX | LOCK_NB) == 0) {  // never closed: the lock ends with the process
                port_ = next_block_;
                block_end_ = port_ + block;
                next_block_ += block;
                return;
            }
            ::close(lock);
        }
        throw std::runtime_error("no free port");
    }

    static unsigned below_ephemeral() {
        unsigned begin = 0;
        std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> begin;
        return begin;
    }

    static bool is_free(std::uint16_t port) {
        const Endpoint endpoint{IpAddress::v4({127, 0, 0, 1}), port};
        return listen_tcp(endpoint, {.shared = false}).has_value();
    }

    unsigned next_block_ = first;
    unsigned port_ = 0;
    unsigned block_end_ = 0;
};

inline std::uint16_t test_port() {
    static TestPorts ports;
    return ports.next();
}

}  // namespace sluice::net
