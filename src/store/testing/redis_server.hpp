// Real Redis servers, Sentinels and clusters for tests: on ports of their own of 127.0.0.1, in a directory
// that is removed with them. They end with the test.
#pragma once

#include <fcntl.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill(2)
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "net/socket.hpp"
#include "net/testing/test_port.hpp"
#include "store/redis/redis_backing.hpp"
#include "store/testing/backing_harness.hpp"

namespace sluice::store {

using Words = std::vector<std::string>;

/// A program that runs until it is killed.
class Program {
  public:
    Program() = default;
    /// `output` is the file for what it prints. Throws std::runtime_error when there is no such program.
    Program(const std::string& name, const Words& arguments, const std::string& output) {
        const std::string path = "/usr/bin/" + name;
        if (!std::filesystem::exists(path))
            throw std::runtime_error(path + " is missing (packages redis-server, redis-sentinel)");
        // If the test dies, the program is killed too.
        Words line{"setpriv", "--pdeathsig", "KILL", path};
        line.insert(line.end(), arguments.begin(), arguments.end());
        std::vector<char*> words;
        for (std::string& word : line)
            words.push_back(word.data());
        words.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, 1, output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
        posix_spawn_file_actions_adddup2(&actions, 1, 2);
        const int error = ::posix_spawnp(&pid_, words[0], &actions, nullptr, words.data(), environ);
        posix_spawn_file_actions_destroy(&actions);
        if (error != 0)
            throw std::runtime_error(name + " cannot be started: " + std::generic_category().message(error));
    }
    ~Program() { kill(); }
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;
    Program& operator=(Program&& other) noexcept {
        std::swap(pid_, other.pid_);
        return *this;
    }

    void signal(int number) const { ::kill(pid_, number); }
    void kill() {
        if (pid_ <= 0) return;
        signal(SIGKILL);
        wait();
    }
    /// Waits for the program to end and returns its exit status.
    int wait() {
        int status = 0;
        ::waitpid(std::exchange(pid_, -1), &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

  private:
    pid_t pid_ = -1;
};

inline bool is_listening(std::uint16_t port) {
    net::Loop loop;
    struct Ignore final : net::IoHandler {
        void on_io(std::uint32_t /*events*/) override { ready = true; }
        bool ready = false;
    } ignore;
    const auto fd = net::connect_tcp({*IpAddress::parse("127.0.0.1"), port});
    if (!fd || !loop.watch(fd->get(), ignore, EPOLLOUT)) return false;
    return turn_until(loop, [&] { return ignore.ready; }, Millis{1000}) && !net::connect_result(fd->get());
}

/// Waits for something that happens outside of a loop. Throws when it takes too long.
template <class Condition>
void wait_until(Condition done, const std::string& what) {
    for (int tries = 0; !done(); ++tries) {
        if (tries == 1000) throw std::runtime_error("waited in vain: " + what);
        std::this_thread::sleep_for(Millis{10});
    }
}

class TestDirectory {
  public:
    TestDirectory() {
        std::string pattern = std::filesystem::temp_directory_path() / "sluice-redis-XXXXXX";
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
        path = pattern;
    }
    ~TestDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    TestDirectory(const TestDirectory&) = delete;
    TestDirectory& operator=(const TestDirectory&) = delete;

    std::filesystem::path path;
};

class RedisServer {
  public:
    explicit RedisServer(Words options = {}, std::string port_option = "--port")
        : port(net::test_port()), options_(std::move(options)), port_option_(std::move(port_option)) {
        start();
    }

    void start() {
        Words words{"--bind", "127.0.0.1", "--save", "", "--dir", directory_.path};
        words.insert(words.end(), options_.begin(), options_.end());
        words.insert(words.end(), {port_option_, std::to_string(port)});
        program = Program("redis-server", words, directory_.path / "log");
        wait_until([this] { return is_listening(port); }, "redis-server");
    }
    void kill() { program.kill(); }

    /// Runs redis-cli and returns what it prints.
    std::string cli(Words words) const {
        const std::string output = directory_.path / "cli";
        std::filesystem::remove(output);
        words.insert(words.begin(), {"-h", "127.0.0.1", "-p", std::to_string(port)});
        Program("redis-cli", words, output).wait();
        std::ifstream file(output);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    RedisHost host() const { return {.name = "127.0.0.1", .port = port}; }
    RedisOptions options() const { return {.hosts = {host()}}; }
    std::string file(const std::string& name) const { return directory_.path / name; }

    std::uint16_t port;
    Program program;

  private:
    TestDirectory directory_;
    Words options_;
    std::string port_option_;  // "--tls-port"
};

class RedisHarness final : public BackingHarness {
  public:
    std::unique_ptr<Backing> open(net::Loop& loop) override {
        return std::make_unique<RedisBacking>(loop, server_.options(),
                                              [](std::string_view, std::string_view) {});
    }

  private:
    RedisServer server_;
};

inline std::unique_ptr<BackingHarness> make_redis_harness() {
    return std::make_unique<RedisHarness>();
}

}  // namespace sluice::store
