#include "net/socket.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "net/testing/test_port.hpp"

namespace sluice::net {
namespace {

int option(int fd, int level, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    EXPECT_EQ(::getsockopt(fd, level, name, &value, &size), 0);
    return value;
}

bool wait_for(int fd, short events) {
    pollfd wanted{fd, events, 0};
    return ::poll(&wanted, 1, 5000) == 1;
}

struct Connection {
    Fd listener, client;
    Accepted accepted;

    explicit Connection(const char* where, const ListenOptions& options = {}) {
        auto listening = listen_tcp(Endpoint::parse(where).value(), options);
        if (!listening) return;
        listener = std::move(*listening);
        client = connect_tcp(local_endpoint(listener.get())).value();
        if (wait_for(listener.get(), POLLIN)) accepted = accept_tcp(listener.get());
    }
};

TEST(Endpoint, ParsesAndPrints) {
    for (const char* text : {"192.0.2.1:25", "[2001:db8::1]:2525", "127.0.0.1:0", "[::1]:65535"}) {
        const auto endpoint = Endpoint::parse(text);
        ASSERT_TRUE(endpoint) << text;
        EXPECT_EQ(endpoint->to_string(), text);
    }
    for (const char* text : {"", ":", "25", "192.0.2.1", "192.0.2.1:", "192.0.2.1:65536", "192.0.2.1:-1",
                             "192.0.2.1:+1", "192.0.2.1:25 ", "::1:25", "2001:db8::1", "[192.0.2.1]:25",
                             "[::1]25", "[::1]:", "[]:25", "host:25", "[::1:25"})
        EXPECT_FALSE(Endpoint::parse(text)) << text;
}

TEST(Socket, AcceptsConnectsAndNamesBothEnds) {
    for (const char* where : {"127.0.0.1:0", "[::1]:0"}) {
        const Connection connection{where};
        ASSERT_TRUE(connection.accepted.fd) << where;
        ASSERT_TRUE(wait_for(connection.client.get(), POLLOUT));
        EXPECT_FALSE(connect_result(connection.client.get()));
        EXPECT_EQ(connection.accepted.peer, local_endpoint(connection.client.get()));
        for (const int fd :
             {connection.listener.get(), connection.client.get(), connection.accepted.fd.get()}) {
            EXPECT_TRUE(::fcntl(fd, F_GETFL) & O_NONBLOCK);
            EXPECT_TRUE(::fcntl(fd, F_GETFD) & FD_CLOEXEC);
            EXPECT_TRUE(option(fd, IPPROTO_TCP, TCP_NODELAY));
        }
    }
}

TEST(Socket, WorkersShareAPortAndV6LeavesV4Alone) {
    const auto first = listen_tcp(Endpoint::parse("[::]:0").value(), {});
    ASSERT_TRUE(first);
    Endpoint endpoint = local_endpoint(first->get());
    EXPECT_TRUE(listen_tcp(endpoint, {}));
    EXPECT_TRUE(option(first->get(), IPPROTO_IPV6, IPV6_V6ONLY));
    endpoint.address = IpAddress::parse("0.0.0.0").value();
    EXPECT_TRUE(listen_tcp(endpoint, {}));
}

TEST(Socket, SaysWhyItCannotListen) {
    const auto refused = listen_tcp(Endpoint::parse("192.0.2.1:0").value(), {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), std::errc::address_not_available);
}

TEST(Socket, RefusedConnectionIsAnOutcome) {
    const Endpoint closed{.address = IpAddress::v4({127, 0, 0, 1}), .port = test_port()};
    const auto fd = connect_tcp(closed);
    if (!fd) {
        EXPECT_EQ(fd.error(), std::errc::connection_refused);
        return;
    }
    ASSERT_TRUE(wait_for(fd->get(), POLLOUT));
    EXPECT_EQ(connect_result(fd->get()), std::errc::connection_refused);
}

TEST(Socket, NobodyWaitingIsEagain) {
    const auto listener = listen_tcp(Endpoint::parse("127.0.0.1:0").value(), {});
    ASSERT_TRUE(listener);
    const Accepted none = accept_tcp(listener->get());
    EXPECT_FALSE(none.fd);
    EXPECT_EQ(errno, EAGAIN);
}

TEST(Socket, ReadsAndWritesSayWhatHappened) {
    Connection connection{"127.0.0.1:0"};
    const int ours = connection.accepted.fd.get();
    char buffer[16];
    EXPECT_EQ(read_some(ours, buffer, sizeof buffer), -1);
    EXPECT_EQ(write_some(connection.client.get(), "hello", 5), 5);
    ASSERT_TRUE(wait_for(ours, POLLIN));
    EXPECT_EQ(read_some(ours, buffer, sizeof buffer), 5);

    const std::string block(1 << 20, 'x');
    std::ptrdiff_t sent;
    while ((sent = write_some(connection.client.get(), block.data(), block.size())) > 0) {
    }
    EXPECT_EQ(sent, -1);

    connection.accepted.fd.reset();  // with unread data: a reset, not an end of stream
    ASSERT_TRUE(wait_for(connection.client.get(), POLLIN));
    EXPECT_EQ(read_some(connection.client.get(), buffer, sizeof buffer), -2);
    EXPECT_EQ(write_some(connection.client.get(), "x", 1), -2);
    EXPECT_EQ(errno, EPIPE);
}

TEST(Socket, EndOfStreamIsZero) {
    Connection connection{"127.0.0.1:0"};
    connection.client.reset();
    ASSERT_TRUE(wait_for(connection.accepted.fd.get(), POLLIN));
    char octet;
    EXPECT_EQ(read_some(connection.accepted.fd.get(), &octet, 1), 0);
}

}  // namespace
}  // namespace sluice::net
