// The questions to an MTA, put to one of our own that takes everything.
#include "app/check/probe.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <gtest/gtest.h>
#include <string_view>
#include <thread>

#include "net/socket.hpp"

namespace sluice::app {
namespace {

/// Serves one connection after the other, in a thread of its own: the probe waits.
class WillingMta {
  public:
    explicit WillingMta(bool pipelining)
        : ehlo_(pipelining ? "250-mta.test\r\n250 PIPELINING\r\n" : "250 mta.test\r\n"),
          listener_(*net::listen_tcp({IpAddress::v4({127, 0, 0, 1}), 0}, {.shared = false})) {
        ::fcntl(listener_.get(), F_SETFL, 0);
        server_ = std::thread([this] { serve(); });
    }
    WillingMta(const WillingMta&) = delete;
    WillingMta& operator=(const WillingMta&) = delete;
    ~WillingMta() { end(); }

    relay::UpstreamOptions upstream() const {
        return {.address = {.tcp = net::local_endpoint(listener_.get())}};
    }
    /// The recipients of the longest transaction there was.
    unsigned longest() {
        end();
        return longest_;
    }

  private:
    void end() {
        ::shutdown(listener_.get(), SHUT_RDWR);
        if (server_.joinable()) server_.join();
    }
    void serve() {
        for (net::Fd client; (client = net::Fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)));)
            converse(client.get());
    }
    static void say(int client, std::string_view octets) {
        while (!octets.empty()) {
            const ssize_t sent = ::send(client, octets.data(), octets.size(), MSG_NOSIGNAL);
            if (sent <= 0) return;
            octets.remove_prefix(static_cast<std::size_t>(sent));
        }
    }
    void converse(int client) {
        say(client, "220 mta.test ESMTP\r\n");
        std::array<char, 65'536> buffer;
        std::string received;
        for (ssize_t got = 0; (got = ::read(client, buffer.data(), buffer.size())) > 0;) {
            received.append(buffer.data(), static_cast<std::size_t>(got));
            std::string replies;
            std::size_t begin = 0;
            for (std::size_t at = 0; (at = received.find("\r\n", begin)) != std::string::npos; begin = at + 2)
                replies += reply_to(std::string_view(received).substr(begin, at - begin));
            received.erase(0, begin);
            say(client, replies);
            if (replies.ends_with("221 Bye\r\n")) return;
        }
    }
    std::string_view reply_to(std::string_view line) {
        if (line.starts_with("EHLO")) return ehlo_;
        if (line.starts_with("QUIT")) return "221 Bye\r\n";
        if (line.starts_with("RCPT"))
            longest_ = std::max(longest_, ++recipients_);
        else
            recipients_ = 0;
        return "250 Ok\r\n";
    }

    std::string_view ehlo_;
    net::Fd listener_;
    unsigned recipients_ = 0;
    unsigned longest_ = 0;
    std::thread server_;
};

TEST(ProbeMta, SoManyRecipientsAreAskedOf) {
    struct Row {
        bool pipelining;
        unsigned allowed;
        unsigned asked;
    };
    const Row rows[] = {
        {true, recipients_asked_max, recipients_asked_max},
        {true, recipients_asked_max + 1, recipients_asked_max},
        {false, recipients_asked_singly_max, recipients_asked_singly_max},
        {false, recipients_asked_singly_max + 1, recipients_asked_singly_max},
    };
    for (const Row& row : rows) {
        WillingMta mta(row.pipelining);
        Config config;
        config.relay.hostname = "mx.test";
        config.front.server.limits.recipients_max = row.allowed;
        const ProbeFindings found = probe_mta(mta.upstream(), config);
        EXPECT_EQ(found.unreachable, "");
        ASSERT_TRUE(found.recipients);
        EXPECT_EQ(found.recipients->asked, row.asked);
        EXPECT_EQ(found.recipients->taken, row.asked);
        EXPECT_EQ(mta.longest(), row.asked);
    }
}

}  // namespace
}  // namespace sluice::app
