#include "relay/content_writer.hpp"

#include <sys/socket.h>

#include <array>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "net/fd.hpp"
#include "net/socket.hpp"

namespace sluice::relay {
namespace {

/// The octets that the kernel was given at each call, of a socket that keeps that apart.
std::vector<std::string> calls(const std::string& header, const smtp::MessageView& message) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
    const net::Fd ours(ends[0]);
    const net::Fd theirs(ends[1]);
    ContentWriter writer(header, message);
    EXPECT_EQ(writer.write(ours.get()), ContentWriter::Result::done);
    std::vector<std::string> parts;
    std::array<char, 4096> buffer;
    for (std::ptrdiff_t count; (count = net::read_some(theirs.get(), buffer.data(), buffer.size())) > 0;)
        parts.emplace_back(buffer.data(), static_cast<std::size_t>(count));
    return parts;
}

TEST(ContentWriter, GivesTheKernelSoManyPartsAtOnce) {
    const std::string header = "Received: x\r\n";
    const std::string memory = "Subject: y\r\n\r\n";
    const std::string line = "line\r\n";
    constexpr std::size_t parts = 64;  // vectors_max; the header, the memory and the dot are among them
    const std::vector<std::string_view> chunks(parts - 2, line);
    std::string lines;
    for (std::size_t i = 0; i < parts - 3; ++i)
        lines += line;

    smtp::MessageView message{.memory = memory, .chunks = std::span(chunks).first(parts - 3)};
    EXPECT_THAT(calls(header, message), testing::ElementsAre(header + memory + lines + ".\r\n"));
    message.chunks = chunks;
    EXPECT_THAT(calls(header, message), testing::ElementsAre(header + memory + lines + line, ".\r\n"));
    EXPECT_THAT(calls("", message), testing::ElementsAre(memory + lines + line + ".\r\n"));
}

}  // namespace
}  // namespace sluice::relay
