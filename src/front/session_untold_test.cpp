// Clients that leave between the dot and its reply, over real loopback sockets.
#include <sys/socket.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

#include "front/front.hpp"
#include "net/log_writer.hpp"
#include "net/loop.hpp"
#include "net/offload.hpp"
#include "net/socket.hpp"

namespace sluice::front {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

/// An MTA that has received the dot, or has not, as the test decides.
class Backend final : public smtp::WholeBackend, smtp::Answerer {
  public:
    smtp::Offer offer() const override { return smtp::Offer::everything(); }
    std::optional<smtp::Answer> verify(smtp::RecipientQuestion&) override {
        return smtp::Answer{.reply = {250, "2.1.5 Ok"}, .mta = "", .by = "cache"};
    }
    void deliver(smtp::DeliveryQuestion& question) override {
        ++deliveries;
        pending = &question;
        take(question);
    }
    bool passed_on(const smtp::DeliveryQuestion&) const override { return dot_passed; }
    void answer(int code, std::string text) {
        auto* const question = std::exchange(pending, nullptr);
        ASSERT_NE(question, nullptr);
        Answerer::answer(*question, {.reply = {code, std::move(text)}, .mta = "mta", .by = "mta"});
    }

    bool dot_passed = false;
    int deliveries = 0;
    int withdrawals = 0;
    smtp::Question* pending = nullptr;

  private:
    void withdrawn(smtp::Question&) override {
        pending = nullptr;
        ++withdrawals;
    }
};

const std::string letter = "Message-ID: <1@example.org>\r\n\r\nbody\r\n";
const std::string first_reply = "2.0.0 Ok: queued as FIRST";

class UntoldTest : public testing::Test {
  protected:
    UntoldTest() {
        options.server.hostname = "mx.test";
        options.policy.signals = policy::SignalOptions::none();
        log_file = std::tmpfile();
        log = std::make_unique<net::LogWriter>(fileno(log_file));
        listener = *net::listen_tcp({*IpAddress::parse("127.0.0.1"), 0}, {});
        Surroundings around{loop,    offload, nullptr,         backend.parts(),
                            nullptr, *log,    LogFormat::json, Millis{0}};
        front = std::make_unique<Front>(around, options);
        front->serve(listener.get());
    }
    ~UntoldTest() override {
        front.reset();
        (void)std::fclose(log_file);
    }

    void turn_until(const std::function<bool()>& done) {
        for (int turns = 0; turns < 400 && !done(); ++turns)
            loop.turn(Millis{5});
        EXPECT_TRUE(done());
    }
    std::string hear(int client, std::string_view end) {
        std::string got;
        turn_until([&] {
            char buffer[4096];
            const auto n = net::read_some(client, buffer, sizeof buffer);
            if (n > 0) got.append(buffer, static_cast<std::size_t>(n));
            return got.ends_with(end);
        });
        return got;
    }
    void say(int client, std::string_view octets) {
        ASSERT_EQ(net::write_some(client, octets.data(), octets.size()), std::ssize(octets));
    }

    /// A client that has sent its dot.
    net::Fd client_at_dot(const std::string& content, std::string_view recipient = "b@example.com") {
        net::Fd client = *net::connect_tcp(net::local_endpoint(listener.get()));
        hear(client.get(), "\r\n");
        say(client.get(),
            "EHLO c\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<" + std::string(recipient) + ">\r\nDATA\r\n");
        hear(client.get(), "<CR><LF>\r\n");
        say(client.get(), content + ".\r\n");
        return client;
    }
    net::Fd client_whose_mail_the_mta_has(const std::string& content) {
        const int before = backend.deliveries;
        net::Fd client = client_at_dot(content);
        turn_until([&] { return backend.deliveries > before; });
        return client;
    }
    static void reset(net::Fd& client) {
        const linger hard{1, 0};
        ::setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        client.reset();
    }
    /// Turns the loop until the session has seen what its client did.
    void settle() {
        for (int turns = 0; turns < 10; ++turns)
            loop.turn(Millis{5});
    }
    /// The log after the last session has ended.
    std::string logged() {
        turn_until([&] { return front->sessions() == 0; });
        front.reset();
        log.reset();  // writes out what it holds
        std::string text;
        std::rewind(log_file);
        for (int c = std::fgetc(log_file); c != EOF; c = std::fgetc(log_file))
            text += static_cast<char>(c);
        return text;
    }
    /// Delivers a copy whose client is gone before the reply.
    void deliver_untold(const std::string& content) {
        backend.dot_passed = true;
        net::Fd client = client_whose_mail_the_mta_has(content);
        client.reset();
        settle();
        backend.answer(250, first_reply);
        turn_until([&] { return front->sessions() == 0; });
    }

    FrontOptions options;
    net::Loop loop;
    net::Offload offload{loop};
    Backend backend;
    net::Fd listener;
    std::FILE* log_file;
    std::unique_ptr<net::LogWriter> log;
    std::unique_ptr<Front> front;
};

TEST_F(UntoldTest, ClosedBeforeTheDotWasPassedOnItIsDeliveredOnce) {
    net::Fd client = client_whose_mail_the_mta_has(letter);
    client.reset();
    settle();
    EXPECT_EQ(backend.withdrawals, 0) << "it may have been meant so, and is never sent again";
    const net::Fd early = client_at_dot(letter);
    EXPECT_THAT(hear(early.get(), "\r\n"), testing::StartsWith("451 4.4.2 The same message"));
    backend.answer(250, first_reply);
    const net::Fd later = client_at_dot(letter);
    EXPECT_EQ(hear(later.get(), "\r\n"), "250 " + first_reply + "\r\n");
    EXPECT_EQ(backend.deliveries, 1);
}

TEST_F(UntoldTest, WhoSaysAllAndHalfClosesHearsAll) {
    for (const std::string& content : {letter, std::string("Subject: x\r\n\r\nbody\r\n")}) {
        const int before = backend.deliveries;
        net::Fd client = *net::connect_tcp(net::local_endpoint(listener.get()));
        say(client.get(), "EHLO c\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n" +
                              content + ".\r\nQUIT\r\n");
        ::shutdown(client.get(), SHUT_WR);
        turn_until([&] { return backend.deliveries > before; });
        backend.answer(250, first_reply);
        EXPECT_THAT(hear(client.get(), "221 2.0.0 Bye\r\n"),
                    HasSubstr("\r\n250 " + first_reply + "\r\n221 "));
        turn_until([&] { return front->sessions() == 0; });
    }
    EXPECT_EQ(backend.withdrawals, 0);
}

TEST_F(UntoldTest, ClosedAndThenResetBeforeTheDotWasPassedOnNothingIsDelivered) {
    net::Fd client = client_whose_mail_the_mta_has(letter);
    ::shutdown(client.get(), SHUT_WR);
    settle();
    reset(client);
    turn_until([&] { return backend.withdrawals == 1; });
    const net::Fd again = client_at_dot(letter);
    turn_until([&] { return backend.deliveries == 2; });
}

TEST_F(UntoldTest, WhoHalfClosesWhileTheMtaHasTheDotHearsItsAnswerAndIsDoneWith) {
    backend.dot_passed = true;
    const net::Fd client = client_whose_mail_the_mta_has(letter);
    ::shutdown(client.get(), SHUT_WR);
    settle();
    EXPECT_EQ(front->sessions(), 1U) << "the answer is awaited";
    backend.answer(250, first_reply);
    EXPECT_EQ(hear(client.get(), "\r\n"), "250 " + first_reply + "\r\n");
    turn_until([&] { return front->sessions() == 0; });  // the end of its stream is not announced again
    EXPECT_EQ(backend.withdrawals, 0);
    EXPECT_THAT(logged(), HasSubstr("\"untold\":true"));
}

TEST_F(UntoldTest, ResetBeforeTheDotWasPassedOnNothingIsDelivered) {
    net::Fd client = client_whose_mail_the_mta_has(letter);
    reset(client);
    turn_until([&] { return backend.withdrawals == 1; });
    EXPECT_THAT(logged(), HasSubstr("\"outcome\":\"left\""));
}

TEST_F(UntoldTest, TheSameLetterIsAnsweredAndNotDeliveredAgain) {
    deliver_untold(letter);
    for (int copy = 0; copy < 2; ++copy) {
        const net::Fd again = client_at_dot(letter);
        EXPECT_EQ(hear(again.get(), "\r\n"), "250 " + first_reply + "\r\n");
    }
    EXPECT_EQ(backend.deliveries, 1);
    const std::string text = logged();
    EXPECT_THAT(text, HasSubstr("\"outcome\":\"delivered\",\"untold\":true"));
    EXPECT_THAT(text, HasSubstr("\"outcome\":\"delivered_before\""));
}

TEST_F(UntoldTest, AfterAReset) {
    backend.dot_passed = true;
    net::Fd client = client_whose_mail_the_mta_has(letter);
    reset(client);
    settle();
    EXPECT_EQ(front->sessions(), 1U) << "the answer is awaited";
    backend.answer(250, first_reply);
    turn_until([&] { return front->sessions() == 0; });
    const net::Fd again = client_at_dot(letter);
    EXPECT_EQ(hear(again.get(), "\r\n"), "250 " + first_reply + "\r\n");
    EXPECT_EQ(backend.deliveries, 1);
}

TEST_F(UntoldTest, WhoIsResetAfterThe250HasPerhapsNotHeardIt) {
    net::Fd client = client_whose_mail_the_mta_has(letter);
    backend.answer(250, first_reply);
    hear(client.get(), "\r\n");
    reset(client);
    turn_until([&] { return front->sessions() == 0; });
    const net::Fd again = client_at_dot(letter);
    EXPECT_EQ(hear(again.get(), "\r\n"), "250 " + first_reply + "\r\n");
    EXPECT_EQ(backend.deliveries, 1);
}

TEST_F(UntoldTest, WhatWasHeardIsDeliveredEachTime) {
    const auto ends = {"QUIT\r\n", "RSET\r\n", "NOOP\r\n", ""};
    int copies = 0;
    for (const char* const end : ends) {
        net::Fd client = client_whose_mail_the_mta_has(letter);
        backend.answer(250, first_reply);
        EXPECT_EQ(hear(client.get(), "\r\n"), "250 " + first_reply + "\r\n");
        if (*end != '\0') {
            say(client.get(), end);
            hear(client.get(), "\r\n");
        }
        client.reset();
        turn_until([&] { return front->sessions() == 0; });
        EXPECT_EQ(backend.deliveries, ++copies) << end;
    }
    EXPECT_THAT(logged(), Not(HasSubstr("untold")));
}

TEST_F(UntoldTest, AnotherLetterIsDelivered) {
    deliver_untold(letter);
    const std::string others[] = {
        "Message-ID: <2@example.org>\r\n\r\nbody\r\n", "Message-ID: <1@example.org>\r\n\r\nBody\r\n",
        "Message-ID: <1@example.org>\r\nDate: x\r\n\r\nbody\r\n", "X: y\r\n\r\nbody\r\n"};
    int deliveries = 1;
    for (const std::string& other : others) {
        const net::Fd client = client_at_dot(other);
        turn_until([&] { return backend.deliveries == deliveries + 1; });
        ++deliveries;
        backend.answer(250, "2.0.0 Ok: another");
        EXPECT_EQ(hear(client.get(), "\r\n"), "250 2.0.0 Ok: another\r\n");
    }
    const net::Fd client = client_at_dot(letter, "other@example.com");
    turn_until([&] { return backend.deliveries == deliveries + 1; });
}

TEST_F(UntoldTest, WithoutAMessageIdItIsDeliveredAgain) {
    const std::string nameless = "Subject: x\r\n\r\nbody\r\n";
    deliver_untold(nameless);
    const net::Fd again = client_at_dot(nameless);
    turn_until([&] { return backend.deliveries == 2; });
}

TEST_F(UntoldTest, WhileTheFirstCopyIsUnderWayTheSecondIsPutOff) {
    backend.dot_passed = true;
    net::Fd client = client_whose_mail_the_mta_has(letter);
    client.reset();
    settle();
    const net::Fd early = client_at_dot(letter);
    EXPECT_THAT(hear(early.get(), "\r\n"), testing::StartsWith("451 4.4.2 The same message"));
    EXPECT_EQ(backend.deliveries, 1);
    backend.answer(250, first_reply);
    const net::Fd later = client_at_dot(letter);
    EXPECT_EQ(hear(later.get(), "\r\n"), "250 " + first_reply + "\r\n");
}

TEST_F(UntoldTest, WhatTheMtaRefusedIsNotRemembered) {
    backend.dot_passed = true;
    for (const int code : {451, 554}) {
        const int before = backend.deliveries;
        net::Fd client = client_whose_mail_the_mta_has(letter);
        client.reset();
        settle();
        backend.answer(code, "4.3.0 no");
        turn_until([&] { return front->sessions() == 0; });
        EXPECT_EQ(backend.deliveries, before + 1);
    }
    const net::Fd client = client_at_dot(letter);
    turn_until([&] { return backend.deliveries == 3; });
}

TEST_F(UntoldTest, ADrainEndsWhoseClientHasGone) {
    backend.dot_passed = true;
    net::Fd client = client_whose_mail_the_mta_has(letter);
    reset(client);
    settle();
    bool drained = false;
    front->drain([&] { drained = true; });
    settle();
    EXPECT_FALSE(drained) << "its answer is awaited";
    backend.answer(250, first_reply);
    turn_until([&] { return drained; });
}

}  // namespace
}  // namespace sluice::front
