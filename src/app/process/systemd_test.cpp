#include "app/process/systemd.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace sluice::app {
namespace {

/// Sets an environment variable for its own lifetime.
class Set {
  public:
    Set(const char* name, const std::string& value) : name_(name) {
        ::setenv(name, value.c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
    }
    Set(const Set&) = delete;
    Set& operator=(const Set&) = delete;
    ~Set() { ::unsetenv(name_); }  // NOLINT(concurrency-mt-unsafe)

  private:
    const char* name_;
};

TEST(Systemd, HearsWhatIsNotified) {
    std::string directory = testing::TempDir() + "sluice_notify_XXXXXX";
    ASSERT_NE(::mkdtemp(directory.data()), nullptr);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = directory + "/notify";
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const net::Fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    ASSERT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    notify_service_manager("READY=1");  // nobody is named yet
    const Set variable("NOTIFY_SOCKET", path);
    notify_service_manager("STOPPING=1");
    std::array<char, 64> buffer;
    const ssize_t octets = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
    EXPECT_EQ(std::string(buffer.data(), octets > 0 ? static_cast<std::size_t>(octets) : 0), "STOPPING=1");
    std::filesystem::remove_all(directory);
}

TEST(Systemd, TheWatchdogIsForOneProcess) {
    EXPECT_FALSE(watchdog_interval());
    const Set interval("WATCHDOG_USEC", "60000000");
    EXPECT_EQ(watchdog_interval(), Millis{60'000});
    {
        const Set other("WATCHDOG_PID", "1");
        EXPECT_FALSE(watchdog_interval());
    }
    const Set us("WATCHDOG_PID", std::to_string(::getpid()));
    EXPECT_EQ(watchdog_interval(), Millis{60'000});
}

TEST(Systemd, SocketsOfAnotherProcessAreNotOurs) {
    const Set count("LISTEN_FDS", "1");
    EXPECT_TRUE(passed_sockets().empty());
    const Set other("LISTEN_PID", "1");
    EXPECT_TRUE(passed_sockets().empty());
}

TEST(Systemd, NonsenseIsNoNumber) {
    const Set us("LISTEN_PID", std::to_string(::getpid()));
    for (const char* text : {"", "x", "1x", "-1", "99999999999999999999", "65537"}) {  // passed_max
        const Set count("LISTEN_FDS", text);
        EXPECT_TRUE(passed_sockets().empty()) << text;
    }
}

TEST(Systemd, SoManySocketsMayBePassed) {
    const auto look = [] {  // in a process of its own, whose descriptors from 3 on they are
        const Set us("LISTEN_PID", std::to_string(::getpid()));
        const Set count("LISTEN_FDS", "65536");  // passed_max
        const std::vector<PassedSocket> sockets = passed_sockets();
        ::_exit(sockets.size() == 65'536 && sockets.back().fd.get() == 65'538 ? 0 : 1);
    };
    EXPECT_EXIT(look(), testing::ExitedWithCode(0), "");
}

/// Runs in a child process, where the sockets have the descriptors from 3 on.
void expect_names(const char* text, std::vector<std::string> names) {
    const auto look = [&] {
        const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (listener < 0) ::_exit(2);
        for (int fd = 3; fd < 6; ++fd)
            ::dup2(listener, fd);
        const Set us("LISTEN_PID", std::to_string(::getpid()));
        const Set count("LISTEN_FDS", "3");
        const Set named("LISTEN_FDNAMES", text);
        std::vector<std::string> found;
        for (const PassedSocket& socket : passed_sockets())
            found.push_back(socket.name);
        ::_exit(found == names ? 0 : 1);
    };
    EXPECT_EXIT(look(), testing::ExitedWithCode(0), "") << text;
}

TEST(Systemd, SocketsHaveNames) {
    expect_names("", {"", "", ""});
    expect_names("one", {"one", "", ""});
    expect_names("one::three", {"one", "", "three"});
    expect_names("one:two:three", {"one", "two", "three"});
    expect_names("one:two:three:four", {"one", "two", "three"});
}

}  // namespace
}  // namespace sluice::app
