// The effect of the slow lane's socket options on a real peer.
#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <gtest/gtest.h>
#include <string>

#include "net/socket.hpp"

namespace sluice::net {
namespace {

class Window : public testing::Test {
  protected:
    void connect(int listener_buffer) {
        auto listener =
            listen_tcp(Endpoint::parse("127.0.0.1:0").value(), {.receive_buffer = listener_buffer});
        ASSERT_TRUE(listener);
        client_ = connect_tcp(local_endpoint(listener->get())).value();
        pollfd wanted{listener->get(), POLLIN, 0};
        ASSERT_EQ(::poll(&wanted, 1, 5000), 1);
        server_ = accept_tcp(listener->get()).fd;
        hold_receive_window(server_.get());
    }

    /// Sends from `from` until nothing more is taken for a while; returns how much the kernel took.
    static std::size_t fill(const Fd& from, int patience_ms = 200) {
        const std::string block(4096, 'x');
        std::size_t sent = 0;
        pollfd wanted{from.get(), POLLOUT, 0};
        while (::poll(&wanted, 1, patience_ms) == 1) {
            const auto some = write_some(from.get(), block.data(), block.size());
            if (some > 0) sent += static_cast<std::size_t>(some);
        }
        return sent;
    }
    /// The octets that `from` sent and that the peer's kernel has not taken.
    static std::size_t unacknowledged(const Fd& from) {
        int octets = 0;
        EXPECT_EQ(::ioctl(from.get(), SIOCOUTQ, &octets), 0);
        return static_cast<std::size_t>(octets);
    }
    static std::size_t read_all(const Fd& from, int patience_ms = 1000) {
        char buffer[65536];
        std::size_t got = 0;
        pollfd wanted{from.get(), POLLIN, 0};
        while (::poll(&wanted, 1, patience_ms) == 1) {
            const auto some = read_some(from.get(), buffer, sizeof buffer);
            if (some == 0 || some == -2) break;
            if (some > 0) got += static_cast<std::size_t>(some);
        }
        return got;
    }

    Fd client_, server_;
};

TEST_F(Window, SmallListenerBufferHoldsBackFromTheFirstOctet) {
    connect(ListenOptions::paced_receive_buffer);
    const std::size_t sent = fill(client_);
    EXPECT_LE(sent - unacknowledged(client_), 8192U);
}

TEST_F(Window, StaysSmallForAClientThatIsReadAsFastAsItSends) {
    connect(ListenOptions::paced_receive_buffer);
    for (int round = 0; round < 20; ++round) {
        const std::size_t sent = fill(client_, 20);
        EXPECT_EQ(read_all(server_, 20), sent) << round;
    }
    const std::size_t sent = fill(client_);
    EXPECT_LE(sent - unacknowledged(client_), 8192U);
}

TEST_F(Window, WidenedClientSendsMoreAtOnceAndLosesNothing) {
    connect(ListenOptions::paced_receive_buffer);
    const std::size_t sent = fill(client_);
    widen_receive_window(server_.get());
    EXPECT_EQ(read_all(server_), sent);
    const std::size_t more = fill(client_);
    // More than fits into a window without scaling (RFC 7323 2.2).
    EXPECT_GT(more - unacknowledged(client_), 65'535U);
    EXPECT_EQ(read_all(server_), more);
}

}  // namespace
}  // namespace sluice::net
