// How much one client may have of the driver, over real loopback sockets.
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "front/testing/front_fixture.hpp"
#include "net/testing/test_certificates.hpp"
#include "net/tls_client.hpp"

namespace sluice::front {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string recipients(unsigned count, std::string_view name = "r") {
    std::string commands;
    for (unsigned number = 1; number <= count; ++number)
        commands += fmt::format("RCPT TO:<{}{}@d>\r\n", name, number);
    return commands;
}

TEST_F(FrontTest, SoManyRefusedRecipientsAreNamedInTheLog) {
    constexpr unsigned named = TransactionRecord::refused_named_max;
    backend.answer_at_once = [](const std::string&) { return no_such_user(); };
    options.server.limits.errors_max = 1000;
    start();
    for (const unsigned refused : {named, named + 1}) {
        const auto client = connect();
        send(client.get(),
             fmt::format("EHLO c\r\nMAIL FROM:<a{}@b>\r\n", refused) + recipients(refused) + "QUIT\r\n");
        read_to(client.get(), "221 2.0.0 Bye\r\n");
        turn_until([&] { return front->sessions() == 0; });
    }
    const std::string text = log_text();
    for (const unsigned refused : {named, named + 1}) {
        const std::size_t at = text.find(fmt::format(R"("sender":"a{}@b")", refused));
        ASSERT_NE(at, std::string::npos);
        const std::string line = text.substr(at, text.find('\n', at) - at);
        EXPECT_THAT(line, HasSubstr(fmt::format(R"("recipients_refused":{})", refused)));
        EXPECT_THAT(line, HasSubstr(fmt::format(R"("recipient":"r{}@d")", named)));
        EXPECT_THAT(line, Not(HasSubstr(fmt::format(R"("recipient":"r{}@d")", named + 1))));
    }
}

/// A client that has said much hears the replies to it in pieces, each of which is on its way before the next
/// command is looked at.
TEST_F(FrontTest, RepliesThatWaitTogetherAreBounded) {
    constexpr std::size_t output_max = 32'000;  // output_octets_max
    constexpr std::size_t reply_octets = 500;
    constexpr std::size_t at_once = output_max / reply_octets;
    static_assert(output_max % reply_octets == 0);
    net::Fd client;
    std::vector<std::size_t> sent;  // when a recipient is asked of
    backend.answer_at_once = [&](const std::string&) {
        // The kernel may bring them a little later than they were sent.
        pollfd waiting{.fd = client.get(), .events = POLLIN, .revents = 0};
        if (sent.size() == at_once + 1) ::poll(&waiting, 1, 10'000);
        sent.push_back(net::unread_octets(client.get()));
        return smtp::Answer{
            .reply = {250, "2.1.5 " + std::string(reply_octets - 12, 'x')}, .mta = "", .by = "cache"};
    };
    start();
    client = connect();
    send(client.get(), "EHLO c\r\nMAIL FROM:<a@b>\r\n");
    read_to(client.get(), "250 2.1.0 Ok\r\n");
    send(client.get(), recipients(at_once + 2));
    turn_until([&] { return sent.size() == at_once + 2; });
    ASSERT_EQ(sent.size(), at_once + 2);
    for (std::size_t i = 0; i <= at_once; ++i)
        EXPECT_EQ(sent[i], 0U) << "after " << i << " replies";
    EXPECT_GT(sent[at_once + 1], 0U);
}

TEST_F(FrontTest, EachTurnTakesTwiceAsManyUpToABound) {
    start();
    std::vector<net::Fd> clients;
    clients.reserve(60);
    for (int i = 0; i < 60; ++i) {
        clients.push_back(connect());
        pollfd connected{.fd = clients.back().get(), .events = POLLOUT, .revents = 0};
        ASSERT_EQ(::poll(&connected, 1, 10'000), 1);
    }
    std::vector<unsigned> taken;
    for (unsigned before = 0; before < 60;) {
        loop.turn(Millis{0});
        taken.push_back(front->sessions() - before);
        ASSERT_GT(taken.back(), 0U);
        before = front->sessions();
    }
    EXPECT_THAT(taken, ElementsAre(1, 2, 4, 8, 16, 16, 13));  // accepts_per_turn_max
}

/// Under TLS each read brings one record, so that many small ones are many reads.
class FairTurns : public FrontTest, protected net::TestCertificates {
  protected:
    ~FairTurns() override { front.reset(); }

    struct Client {
        net::Fd fd;
        net::TlsStream stream;
    };

    void start_tls() {
        log = std::make_unique<net::LogWriter>(fileno(log_file));
        front = std::make_unique<Front>(Surroundings{.loop = loop,
                                                     .offload = offload,
                                                     .resolver = nullptr,
                                                     .backend = backend.parts(),
                                                     .tls = &server_context,
                                                     .log = *log,
                                                     .log_format = LogFormat::json},
                                        options);
        front->serve(listener.get(), Wrapping::tls);
    }
    void say(Client& client, std::string_view octets) {
        ASSERT_EQ(client.stream.write(octets.data(), octets.size()), std::ssize(octets));
    }
    /// One that may name recipients.
    Client connect_tls() {
        using Handshake = net::TlsStream::Handshake;
        Client client{.fd = connect(), .stream = {}};
        client.stream = net::TlsStream(client_context, client.fd.get(), {});
        turn_until([&] { return client.stream.shake_hands() == Handshake::done; });
        say(client, "EHLO c\r\nMAIL FROM:<a@b>\r\n");
        std::string got;
        turn_until([&] {
            std::array<char, 4096> buffer;
            const auto n = client.stream.read(buffer.data(), buffer.size());
            if (n > 0) got.append(buffer.data(), static_cast<std::size_t>(n));
            return got.ends_with("250 2.1.0 Ok\r\n");
        });
        return client;
    }

    net::TlsServerContext server_context{{.chain_files = {chain_file("mx.pem", "DNS:mx.test")}}};
    net::TlsClientContext client_context{{}};
};

TEST_F(FairTurns, ASessionReadsSoOftenBeforeTheOthersGetTheirs) {
    constexpr unsigned reads = 8;  // reads_per_turn_max
    start_tls();
    Client hasty = connect_tls();
    Client modest = connect_tls();
    for (const unsigned records : {reads, reads + 1}) {
        backend.asked.clear();
        for (unsigned record = 1; record <= records; ++record)
            say(hasty, fmt::format("RCPT TO:<hasty{}@d>\r\n", record));
        say(modest, "RCPT TO:<modest@d>\r\n");
        turn_until([&] { return backend.asked.size() == records + 1; });
        ASSERT_EQ(backend.asked.size(), records + 1);
        EXPECT_EQ(backend.asked[reads - 1], "hasty8@d");
        EXPECT_EQ(backend.asked[reads], "modest@d");
    }
    EXPECT_EQ(backend.asked.back(), "hasty9@d");
}

}  // namespace
}  // namespace sluice::front
