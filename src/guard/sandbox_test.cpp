// Each test really does what an intruder tries first, in a child that has entered the sandbox, and also in
// one that has not, to show that the sandbox is what stops it.
#include "guard/sandbox.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <thread>

#include "guard/sanitizers.hpp"
#include "net/fd.hpp"
#include "net/socket.hpp"
#include "net/unlinked_file.hpp"

namespace sluice::guard {
namespace {

constexpr int stopped_by_seccomp = 1000 + SIGSYS;

/// The end of a child that ran `what`: its exit code, or 1000 plus the signal that killed it.
int outcome(const std::function<int()>& what) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(what());
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

int errno_if(bool failed) {
    return failed ? errno : 0;
}

class SandboxTest : public testing::Test {
  protected:
    SandboxTest() {
        std::string name = testing::TempDir() + "sluice_guard_XXXXXX";
        directory_ = ::mkdtemp(name.data());
        std::filesystem::create_directory(directory_ + "/spool");
        std::ofstream(directory_ + "/outside") << "secret\n";
        std::ofstream(directory_ + "/list") << "alice@example.test\n";
        sandbox_.reach = {.readable = {directory_ + "/list", directory_ + "/not-there"},
                          .writable = {directory_ + "/spool"},
                          .tcp_ports = {allowed_port}};
    }
    ~SandboxTest() override { std::filesystem::remove_all(directory_); }

    int inside(const std::function<int()>& what) const {
        return outcome([&] {
            (void)enter(sandbox_);
            return what();
        });
    }
    std::string path(const char* name) const { return directory_ + "/" + name; }

    static constexpr std::uint16_t allowed_port = 9;
    Sandbox sandbox_;

  private:
    std::string directory_;
};

/// Tests of what seccomp stops; builds with sanitizers have no seccomp filter.
class SandboxCalls : public SandboxTest {
  protected:
    void SetUp() override {
        if (sanitized) GTEST_SKIP() << "system calls are not filtered in this build";
    }
};

int connect_to(std::uint16_t port) {
    const net::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return errno_if(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0);
}

int open_to_read(const std::string& file) {
    return errno_if(!net::Fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC)));
}

TEST_F(SandboxCalls, NoProgramIsExecuted) {
    const auto attempt = [] { return ::execl("/bin/true", "true", nullptr); };
    EXPECT_EQ(outcome(attempt), 0);
    EXPECT_EQ(inside(attempt), stopped_by_seccomp);
}

TEST_F(SandboxCalls, NoProcessIsForked) {
    const auto attempt = [] {
        const pid_t child = ::fork();
        if (child == 0) ::_exit(0);
        return errno_if(child < 0);
    };
    EXPECT_EQ(outcome(attempt), 0);
    EXPECT_EQ(inside(attempt), stopped_by_seccomp);
}

TEST_F(SandboxCalls, NoProcessIsTraced) {
    const auto attempt = [] { return errno_if(::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0); };
    EXPECT_EQ(outcome(attempt), 0);
    EXPECT_EQ(inside(attempt), stopped_by_seccomp);
}

TEST_F(SandboxCalls, NoPacketIsSniffed) {
    const auto attempt = [] { return errno_if(!net::Fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0))); };
    EXPECT_NE(outcome(attempt), stopped_by_seccomp);
    EXPECT_EQ(inside(attempt), stopped_by_seccomp);
}

TEST_F(SandboxCalls, NoOtherSocketThanMailNeeds) {
    const auto attempt = [] { return errno_if(!net::Fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0))); };
    EXPECT_EQ(outcome(attempt), 0);
    EXPECT_EQ(inside(attempt), ENOSYS);
    EXPECT_EQ(inside([] { return errno_if(!net::Fd(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, 6))); }),
              ENOSYS);
}

TEST_F(SandboxCalls, NoCodeIsMade) {
    const auto map = [] {
        void* const made = ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return errno_if(made == MAP_FAILED);
    };
    EXPECT_EQ(outcome(map), 0);
    EXPECT_EQ(inside(map), stopped_by_seccomp);
    const auto change = [] {
        void* const made = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return made == MAP_FAILED ? 100 : errno_if(::mprotect(made, 4096, PROT_READ | PROT_EXEC) != 0);
    };
    EXPECT_EQ(outcome(change), 0);
    EXPECT_EQ(inside(change), stopped_by_seccomp);
}

TEST_F(SandboxCalls, NobodyIsSignalled) {
    const auto attempt = [] { return errno_if(::kill(::getppid(), 0) != 0); };
    EXPECT_EQ(outcome(attempt), 0);
    EXPECT_EQ(inside(attempt), stopped_by_seccomp);
    EXPECT_EQ(inside([] {
                  const pid_t parent = ::getppid();
                  return errno_if(::syscall(SYS_tgkill, parent, parent, 0) != 0);
              }),
              stopped_by_seccomp);
}

TEST_F(SandboxCalls, NoRightsAreTakenBack) {
    EXPECT_EQ(inside([] { return errno_if(::setresuid(0, 0, 0) != 0); }), stopped_by_seccomp);
}

TEST_F(SandboxCalls, WhatIsUnknownFailsAsOnAnOlderKernel) {
    constexpr long no_such_call = 10'000;
    EXPECT_EQ(inside([] { return errno_if(::syscall(no_such_call) != 0); }), ENOSYS);
    EXPECT_EQ(inside([] { return errno_if(::syscall(SYS_setpriority, 0, 0, 0) != 0); }), ENOSYS);
}

TEST_F(SandboxCalls, NoLimitIsRaised) {
    EXPECT_EQ(inside([] {
                  const rlimit more{.rlim_cur = 1, .rlim_max = 1};
                  return errno_if(::setrlimit(RLIMIT_CORE, &more) != 0);
              }),
              ENOSYS);
}

TEST_F(SandboxTest, AThreadIsBoundAsWell) {
    EXPECT_EQ(inside([this] {
                  int result = -1;
                  std::thread([&] {
                      result = errno_if(
                          !net::Fd(::open(path("new").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600)));
                  }).join();
                  return result;
              }),
              EACCES);
}

TEST_F(SandboxTest, AbortStillIsOne) {
    EXPECT_EQ(inside([]() -> int { std::abort(); }), 1000 + SIGABRT);
}

TEST_F(SandboxTest, NoFileOutsideIsOpened) {
    if (sanitized) GTEST_SKIP() << "every file can be read in this build";
    EXPECT_EQ(open_to_read(path("outside")), 0);
    EXPECT_EQ(inside([this] { return open_to_read(path("outside")); }), EACCES);
    EXPECT_EQ(inside([] { return open_to_read("/etc/passwd"); }), EACCES);
    EXPECT_EQ(inside([] { return open_to_read("/proc/self/environ"); }), EACCES);
}

TEST_F(SandboxTest, NoFileOutsideIsMadeOrChanged) {
    const auto attempt = [this](const char* name) {
        return inside([&] {
            return errno_if(!net::Fd(::open(path(name).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)));
        });
    };
    EXPECT_EQ(attempt("outside"), EACCES);
    EXPECT_EQ(attempt("new"), EACCES);
    EXPECT_EQ(attempt("list"), EACCES);
    EXPECT_EQ(attempt("spool/new"), 0);
}

TEST_F(SandboxTest, TheSpoolAndTheListCanBeUsed) {
    EXPECT_EQ(inside([this] { return open_to_read(path("list")); }), 0);
    EXPECT_EQ(inside([this] { return errno_if(!net::open_unlinked(path("spool"))); }), 0);
    EXPECT_EQ(inside([this] { return errno_if(!net::create_and_unlink(path("spool"))); }), 0);
}

TEST_F(SandboxTest, OnlyTheseTcpPortsAreConnectedTo) {
    const auto missing = outcome([this] {
        for (const std::string& each : enter(sandbox_))
            if (each.starts_with("TCP ports") || each.starts_with("files")) return 1;
        return 0;
    });
    if (missing != 0) GTEST_SKIP() << "this kernel's Landlock knows no ports";
    std::vector<net::Fd> listeners;
    const auto listener = net::listen_tcp({.address = IpAddress::v4({127, 0, 0, 1}), .port = 0}, {});
    ASSERT_TRUE(listener);
    const std::uint16_t elsewhere = net::local_endpoint(listener->get()).port;
    EXPECT_EQ(connect_to(elsewhere), 0);
    EXPECT_EQ(inside([&] { return connect_to(elsewhere); }), EACCES);
    EXPECT_EQ(inside([] { return connect_to(allowed_port); }), ECONNREFUSED);
}

TEST_F(SandboxTest, UdpAndThreadsWork) {
    EXPECT_EQ(inside([] {
                  const net::Fd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
                  sockaddr_in any{};
                  any.sin_family = AF_INET;
                  return errno_if(::bind(fd.get(), reinterpret_cast<sockaddr*>(&any), sizeof any) != 0);
              }),
              0);
    EXPECT_EQ(inside([] {
                  int result = 1;
                  std::thread([&] { result = 0; }).join();
                  return result;
              }),
              0);
}

/// Returns a line of our own /proc/self/status; "" when there is none.
std::string status_line(const std::string& name) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with(name + ":")) return line.substr(line.find_first_not_of(" \t", name.size() + 1));
    return {};
}

TEST(Privileges, NoCapabilityIsLeft) {
    EXPECT_EQ(outcome([] {
                  keep_capabilities({});
                  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapAmb"})
                      if (status_line(set) != "0000000000000000") return 1;
                  return 0;
              }),
              0);
}

TEST(Privileges, ThoseThatAreKeptAreKept) {
    if (::geteuid() != 0) GTEST_SKIP() << "has none to keep";
    EXPECT_EQ(outcome([] {
                  const cap_value_t kept[] = {CAP_NET_BIND_SERVICE, CAP_KILL};
                  keep_capabilities(kept);
                  return status_line("CapEff") == "0000000000000420" &&
                                 status_line("CapBnd") == "0000000000000420"
                             ? 0
                             : 1;
              }),
              0);
}

TEST(Privileges, AUserIsTakenOnWithItsGroups) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
    const auto nobody = find_user("nobody");
    ASSERT_TRUE(nobody);
    EXPECT_EQ(outcome([&] {
                  become(*nobody);
                  const bool changed = ::getuid() == nobody->id && ::geteuid() == nobody->id &&
                                       ::getgid() == nobody->group && ::getgroups(0, nullptr) == 1;
                  return changed && ::setuid(0) != 0 && status_line("CapEff") == "0000000000000000" ? 0 : 1;
              }),
              0);
}

TEST(Privileges, AUserThatIsNotThereIsNone) {
    EXPECT_EQ(find_user("no-such-user-of-sluice"), std::nullopt);
}

TEST(Privileges, NothingIsDumpedOrGained) {
    EXPECT_EQ(outcome([] {
                  keep_to_itself();
                  rlimit core{};
                  ::getrlimit(RLIMIT_CORE, &core);
                  return core.rlim_max == 0 && status_line("NoNewPrivs") == "1" ? 0 : 1;
              }),
              0);
}

TEST(Descriptors, AllAreClosedButThese) {
    EXPECT_EQ(outcome([] {
                  std::vector<int> opened;
                  opened.reserve(10);
                  for (int i = 0; i < 10; ++i)
                      opened.push_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
                  close_all_but({opened[7], opened[2], 1, opened[3]});
                  for (int i = 0; i < 10; ++i) {
                      const bool open = ::fcntl(opened[static_cast<std::size_t>(i)], F_GETFD) >= 0;
                      if (open != (i == 2 || i == 3 || i == 7)) return 10 + i;
                  }
                  return ::fcntl(1, F_GETFD) >= 0 ? 0 : 1;
              }),
              0);
}

}  // namespace
}  // namespace sluice::guard
