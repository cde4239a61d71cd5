#include "app/process/control.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fmt/format.h>
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/process/start_error.hpp"

namespace sluice::app {
namespace {

using testing::HasSubstr;

class ControlTest : public testing::Test {
  protected:
    ~ControlTest() override { std::filesystem::remove_all(directory); }

    static std::string make_directory() {
        // Longer than a socket's path may be.
        std::string name = testing::TempDir() + std::string(120, 'x') + "_XXXXXX";
        return ::mkdtemp(name.data()) == nullptr ? "" : name;
    }

    Answered ask(std::string_view command) {
        auto answered =
            std::async(std::launch::async, [&] { return ask_supervisor(directory, command, Seconds{10}); });
        while (answered.wait_for(Millis{0}) != std::future_status::ready)
            loop.turn(Millis{5});
        return answered.get();
    }

    std::string directory = make_directory();
    net::Loop loop;
    bool from_worker = false;
    std::vector<Command> commands;
    std::vector<std::string> errors;
    Answered shown{.done = true, .lines = {}};
    std::unique_ptr<Control> control = std::make_unique<Control>(
        loop, directory, [this](pid_t) { return from_worker; },
        [this](Command command, const Answer& answer) {
            commands.push_back(command);
            answer(command == Command::metrics ? shown : answer_of(errors));
        });
};

TEST_F(ControlTest, ACommandIsAnswered) {
    const Answered answered = ask("reload");
    EXPECT_TRUE(answered.done);
    EXPECT_EQ(answered.lines, "");
    EXPECT_EQ(commands, std::vector{Command::reload});
}

TEST_F(ControlTest, WhatIsNoCommandIsRefused) {
    for (const std::string_view word : {"reboot", "reload ", "RELOAD"}) {
        const Answered answered = ask(word);
        EXPECT_FALSE(answered.done) << word;
        EXPECT_EQ(answered.lines, "no such command here\n");
    }
    EXPECT_FALSE(ask("reload" + std::string(10'000, '\0')).done);
    EXPECT_TRUE(commands.empty());
    EXPECT_TRUE(ask("upgrade").done) << "and the next is heard";
}

TEST_F(ControlTest, WhatIsWrongIsSaidLineByLine) {
    errors = {"f:1:2: bad", "f:3:4: worse"};
    const Answered answered = ask("reload");
    EXPECT_FALSE(answered.done);
    EXPECT_EQ(answered.lines, "f:1:2: bad\nf:3:4: worse\n");
}

TEST_F(ControlTest, WhatIsAskedForComesWhole) {
    shown.lines = std::string(answer_octets_max - 10, 'x');
    EXPECT_EQ(ask("metrics"), shown);
}

TEST_F(ControlTest, AWorkerGivesNoOrders) {
    from_worker = true;
    EXPECT_THROW(ask("upgrade"), StartError);
    EXPECT_TRUE(commands.empty());
}

TEST_F(ControlTest, OnlyTheOwnerMayConnect) {
    struct stat found{};
    ASSERT_EQ(::stat((directory + "/control").c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777U, 0600U);
}

TEST_F(ControlTest, TheFileGoesUnlessASuccessorHasIt) {
    EXPECT_THROW(require_no_other(directory), StartError);
    control.reset();
    EXPECT_FALSE(std::filesystem::exists(directory + "/control"));
    EXPECT_NO_THROW(require_no_other(directory));
    control =
        std::make_unique<Control>(loop, directory, [](pid_t) { return false; }, [](auto, const auto&) {});
    control->leave_file();
    control.reset();
    EXPECT_TRUE(std::filesystem::exists(directory + "/control"));
}

TEST_F(ControlTest, WithoutASupervisorThereIsNoAnswer) {
    control.reset();
    try {
        ask_supervisor(directory, "reload", Seconds{1});
        FAIL() << "nobody is there";
    } catch (const StartError& error) {
        EXPECT_THAT(error.what(), HasSubstr(directory));
    }
}

TEST_F(ControlTest, WhoConnectsAndSaysNothingHoldsNobodyUp) {
    for (int i = 0; i < 20; ++i)
        EXPECT_THROW(require_no_other(directory), StartError);  // connects; Control keeps fewer than 20
    for (int i = 0; i < 20; ++i)
        loop.turn(Millis{1});
    EXPECT_TRUE(ask("reload").done);
}

TEST_F(ControlTest, SoManyMaySayNothingAndTheOldestGoesFirst) {
    constexpr std::size_t most = 8;  // askers_max
    const net::Fd opened(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    std::vector<net::Fd> silent;
    const auto connect = [&] {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        fmt::format("/proc/self/fd/{}/control", opened.get()).copy(address.sun_path, sizeof address.sun_path);
        silent.emplace_back(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        ASSERT_EQ(::connect(silent.back().get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
                  0);
        for (int turns = 0; turns < 3; ++turns)
            loop.turn(Millis{0});
    };
    const auto is_heard = [&](std::size_t asker) {
        char octet = 0;
        return ::recv(silent[asker].get(), &octet, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
    };
    while (silent.size() < most)
        connect();
    for (std::size_t asker = 0; asker < most; ++asker)
        EXPECT_TRUE(is_heard(asker)) << asker;
    connect();
    EXPECT_FALSE(is_heard(0));
    for (std::size_t asker = 1; asker <= most; ++asker)
        EXPECT_TRUE(is_heard(asker)) << asker;
}

}  // namespace
}  // namespace sluice::app
