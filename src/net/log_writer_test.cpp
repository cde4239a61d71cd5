#include "net/log_writer.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <thread>

#include "net/fd.hpp"
#include "net/testing/small_disk.hpp"

namespace sluice::net {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;

struct Pipe {
    Fd reader, writer;
    Pipe() {
        int fds[2];
        if (::pipe2(fds, O_CLOEXEC) != 0) std::abort();
        reader.reset(fds[0]);
        writer.reset(fds[1]);
    }
};

/// Reads until `patience` passes in silence, or until all writers are gone.
std::string read_all(int fd, std::chrono::milliseconds patience = 300ms) {
    std::string all;
    char buffer[65536];
    pollfd wanted{fd, POLLIN, 0};
    while (::poll(&wanted, 1, static_cast<int>(patience.count())) > 0) {
        const ssize_t got = ::read(fd, buffer, sizeof buffer);
        if (got <= 0) break;
        all.append(buffer, static_cast<std::size_t>(got));
    }
    return all;
}

std::string numbered(int i) {
    return "{\"line\":" + std::to_string(i) + "}\n";
}

TEST(LogWriter, WritesInOrderAndSoon) {
    const Pipe pipe;
    LogWriter log{pipe.writer.get()};
    std::string expected;
    for (int i = 0; i < 1000; ++i) {
        log.write(numbered(i));
        expected += numbered(i);
    }
    pollfd wanted{pipe.reader.get(), POLLIN, 0};
    EXPECT_EQ(::poll(&wanted, 1, 1000), 1);
    EXPECT_EQ(read_all(pipe.reader.get()), expected);
    EXPECT_EQ(log.dropped(), 0U);
}

TEST(LogWriter, DestructionWritesWhatIsBuffered) {
    for (const bool to_socket : {false, true}) {
        Pipe pipe;
        if (to_socket) {
            int fds[2];
            ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
            pipe.reader.reset(fds[0]);
            pipe.writer.reset(fds[1]);
        }
        std::string expected;
        {
            LogWriter log{pipe.writer.get()};
            for (int i = 0; i < 1000; ++i) {
                log.write(numbered(i));
                expected += numbered(i);
            }
        }
        EXPECT_EQ(read_all(pipe.reader.get()), expected);
    }
}

TEST(LogWriter, WritesToAFile) {
    char path[] = "/tmp/sluice-log-XXXXXX";
    const Fd file{::mkostemp(path, O_CLOEXEC)};
    ::unlink(path);
    {
        LogWriter{file.get()}.write("{}\n");
    }
    char buffer[8];
    EXPECT_EQ(::pread(file.get(), buffer, sizeof buffer, 0), 3);
}

TEST(LogWriter, AReaderThatStallsCostsLinesNotTime) {
    const Pipe pipe;
    std::optional<LogWriter> log{std::in_place, pipe.writer.get()};
    const std::string line(999, 'x');
    const int lines = 3 * static_cast<int>(LogWriter::buffer_octets_max / 1000);
    auto slowest = Clock::duration::zero();
    for (int i = 0; i < lines; ++i) {
        const auto start = Clock::now();
        log->write(line + '\n');
        slowest = std::max(slowest, Clock::now() - start);
    }
    EXPECT_LT(slowest, 1s);
    EXPECT_GT(log->dropped(), 0U);

    // The reader is back: the announcement comes before the next line.
    std::string all;
    std::jthread reader{[&] { all = read_all(pipe.reader.get(), 1000ms); }};
    std::uint64_t dropped;
    unsigned tries = 0;  // further lines that were dropped too
    do {
        std::this_thread::sleep_for(10ms);  // until there is room again
        dropped = log->dropped();
        log->write("{\"line\":\"after\"}\n");
    } while (log->dropped() != dropped && ++tries < 1000);
    log.reset();
    reader.join();
    // If the writer's thread wrote some of the lines meanwhile, the announcement is not the first line.
    const auto announced = all.rfind("log_lines_dropped");
    ASSERT_NE(announced, std::string::npos);
    EXPECT_THAT(all.substr(announced),
                EndsWith("\"total\":" + std::to_string(dropped) + "}\n{\"line\":\"after\"}\n"));
    EXPECT_EQ(static_cast<std::uint64_t>(std::count(all.begin(), all.end(), 'x')),
              (lines + tries - dropped) * 999);
}

TEST(LogWriter, DestructionGivesUpAfterTwoSeconds) {
    const Pipe pipe;
    auto start = Clock::now();
    {
        LogWriter log{pipe.writer.get()};
        for (int i = 0; i < 1000; ++i)
            log.write(std::string(999, 'x') + '\n');
        start = Clock::now();
    }
    EXPECT_GT(Clock::now() - start, 1900ms);
    EXPECT_LT(Clock::now() - start, 4s);
    // Whole lines only: another writer of this pipe continues at the start of a line.
    EXPECT_THAT(read_all(pipe.reader.get()), EndsWith("\n"));
}

/// A disk that takes nothing, until a pipe replaces it.
struct FullDisk {
    Pipe pipe;
    Fd fd{::open("/dev/full", O_WRONLY | O_CLOEXEC)};

    std::string has_room_again() const {
        if (::dup3(pipe.writer.get(), fd.get(), O_CLOEXEC) < 0) std::abort();
        return read_all(pipe.reader.get(), 2000ms);
    }
};

TEST(LogWriter, WhatAFullDiskDoesNotTakeIsWrittenLater) {
    const FullDisk disk;
    LogWriter log{disk.fd.get()};
    log.write("{}\n");
    std::this_thread::sleep_for(200ms);  // until the write has been tried
    log.write("{\"line\":\"after\"}\n");
    EXPECT_THAT(disk.has_room_again(),
                MatchesRegex("\\{\\}\n.*after.*\n.*\"log_resumed\",\"why\":\"No space left on device\","
                             "\"seconds\":[0-9.]+\\}\n"));
    EXPECT_EQ(log.dropped(), 0U);
}

TEST(LogWriter, AFullDiskCostsLinesOnlyWhenTheBufferIsFull) {
    const FullDisk disk;
    Metrics metrics;
    LogWriter log{disk.fd.get(), LogFormat::json, metrics};
    const std::string line = std::string(999, 'x') + '\n';
    const std::uint64_t lines = 3 * LogWriter::buffer_octets_max / 1000;
    for (std::uint64_t i = 0; i < lines; ++i)
        log.write(line);
    const auto dropped = log.dropped();
    EXPECT_GT(dropped, 0U);
    MetricTotals totals{};
    metrics.add_to(totals);
    EXPECT_EQ(totals.at(metric_layout::firsts.at(static_cast<std::size_t>(Metric::log_lines_lost))), dropped);
    const std::string all = disk.has_room_again();
    EXPECT_THAT(all, HasSubstr("\"log_lines_dropped\",\"lines\":" + std::to_string(dropped) + ","));
    EXPECT_EQ(static_cast<std::uint64_t>(std::count(all.begin(), all.end(), 'x')), (lines - dropped) * 999);
}

TEST(LogWriter, AtTheEndAFullDiskIsTriedOnceMoreAndWhatItRefusesIsCounted) {
    const Fd disk{::open("/dev/full", O_WRONLY | O_CLOEXEC)};
    Metrics metrics;
    {
        LogWriter log{disk.get(), LogFormat::json, metrics};
        log.write("{}\n");
        std::this_thread::sleep_for(200ms);
        log.write("{}\n");
    }
    MetricTotals totals{};
    metrics.add_to(totals);
    EXPECT_EQ(totals.at(metric_layout::firsts.at(static_cast<std::size_t>(Metric::log_lines_lost))), 2U);
}

TEST(LogWriter, AFileHasWholeLinesOnly) {
    char path[] = "/tmp/sluice-log-XXXXXX";
    const Fd file{::mkostemp(path, O_CLOEXEC | O_APPEND)};
    ::unlink(path);
    LogWriter log{file.get()};
    {
        const SmallDisk disk(10);
        log.write("{\"line\":1}\n{\"line\":2}\n");
        std::this_thread::sleep_for(300ms);
        EXPECT_EQ(::lseek(file.get(), 0, SEEK_END), 0);
    }
    const auto end = Clock::now() + 5s;
    while (::lseek(file.get(), 0, SEEK_END) < 22 && Clock::now() < end)
        std::this_thread::sleep_for(10ms);
    char buffer[23] = {};
    EXPECT_EQ(::pread(file.get(), buffer, 22, 0), 22);
    EXPECT_STREQ(buffer, "{\"line\":1}\n{\"line\":2}\n");
}

TEST(LogWriter, AReaderThatIsGoneIsCounted) {
    Pipe pipe;
    LogWriter log{pipe.writer.get()};
    pipe.reader.reset();
    log.write("{}\n");
    const auto end = Clock::now() + 5s;
    while (log.dropped() == 0 && Clock::now() < end)
        std::this_thread::sleep_for(10ms);
    EXPECT_EQ(log.dropped(), 1U);
}

}  // namespace
}  // namespace sluice::net
