// The client side over real loopback sockets, with a backend whose answers the test decides; for the tests.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdio>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "front/front.hpp"
#include "net/log_writer.hpp"
#include "net/loop.hpp"
#include "net/offload.hpp"
#include "net/socket.hpp"
#include "store/state.hpp"

namespace sluice::front {

/// A backend that answers when the test says so.
class SlowBackend final : public smtp::WholeBackend, smtp::Answerer {
  public:
    smtp::Offer offer() const override { return smtp::Offer::everything(); }

    std::optional<smtp::Answer> verify(smtp::RecipientQuestion& question) override {
        asked.push_back(question.recipient->address);
        if (answer_at_once) return answer_at_once(question.recipient->address);
        keep(question);
        return std::nullopt;
    }

    void deliver(smtp::DeliveryQuestion& question) override {
        delivered.emplace_back(question.message.memory);
        keep(question);
    }

    void answer(const smtp::Answer& given) {
        auto* question = std::exchange(pending, nullptr);
        ASSERT_NE(question, nullptr);
        Answerer::answer(*question, given);
    }

    std::function<smtp::Answer(const std::string&)> answer_at_once;
    std::vector<std::string> asked;
    std::vector<std::string> delivered;
    smtp::Question* pending = nullptr;
    int withdrawals = 0;

  private:
    void keep(smtp::Question& question) {
        pending = &question;
        take(question);
    }
    void withdrawn(smtp::Question&) override {
        pending = nullptr;
        ++withdrawals;
    }
};

inline smtp::Answer yes() {
    return {.reply = {250, "2.1.5 Ok"}, .mta = "", .by = "cache"};
}
inline smtp::Answer no_such_user() {
    return {.reply = {550, "5.1.1 User unknown"}, .mta = "", .by = "cache", .unknown_recipient = true};
}

class FrontTest : public testing::Test {
  protected:
    FrontTest() {
        options.server.hostname = "mx.test";
        options.policy.signals = policy::SignalOptions::none();
        options.pace.reply = Millis{60};
        options.pace.silence_max = Millis{20};
        options.pace.moments = Millis{10};
        backend.answer_at_once = [](const std::string&) { return yes(); };
        listener = *net::listen_tcp({*IpAddress::parse("127.0.0.1"), 0}, {});
        log_file = std::tmpfile();
    }
    ~FrontTest() override { (void)std::fclose(log_file); }

    void start() {
        log = std::make_unique<net::LogWriter>(fileno(log_file));
        front = std::make_unique<Front>(
            Surroundings{.loop = loop,
                         .offload = offload,
                         .resolver = nullptr,
                         .backend = backend.parts(),
                         .tls = nullptr,
                         .log = *log,
                         .log_format = LogFormat::json,
                         .state = state,
                         .act_on =
                             [this](const IpAddress& client) {
                                 return act && acted_on.contains(client) ? &*act : nullptr;
                             },
                         .checks = checks},
            options);
        front->serve(listener.get());
    }

    net::Fd connect() { return *net::connect_tcp(net::local_endpoint(listener.get())); }

    /// Connects as a stranger: this host itself, 127.0.0.1, is none.
    net::Fd connect_from_afar() {
        net::Fd client(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        sockaddr_in here{};
        here.sin_family = AF_INET;
        here.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
        EXPECT_EQ(::bind(client.get(), reinterpret_cast<const sockaddr*>(&here), sizeof here), 0);
        here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        here.sin_port = htons(net::local_endpoint(listener.get()).port);
        (void)::connect(client.get(), reinterpret_cast<const sockaddr*>(&here), sizeof here);
        return client;
    }

    void say(policy::Lane lane) {
        act = policy::Act{.lane = lane, .who = "root", .why = {}};
        front->acts_changed();
    }

    /// Turns the loop until `done` is true, or for two seconds.
    void turn_until(const std::function<bool()>& done) {
        for (int turns = 0; turns < 400 && !done(); ++turns)
            loop.turn(Millis{5});
        EXPECT_TRUE(done());
    }

    void send(int client, std::string_view octets) {
        ASSERT_EQ(net::write_some(client, octets.data(), octets.size()),
                  static_cast<std::ptrdiff_t>(octets.size()));
    }

    /// Reads until the received octets end with `tail`.
    std::string read_to(int client, std::string_view tail) {
        std::string got;
        turn_until([&] {
            char buffer[4096];
            const auto n = net::read_some(client, buffer, sizeof buffer);
            if (n > 0) got.append(buffer, static_cast<std::size_t>(n));
            return got.ends_with(tail);
        });
        return got;
    }

    bool closed(int client) {
        char octet;
        const auto n = net::read_some(client, &octet, 1);
        return n == 0 || n == net::io_failed;
    }

    std::string log_text() {
        front.reset();
        log.reset();  // writes out what it holds
        (void)std::fseek(log_file, 0, SEEK_SET);
        std::string text(1 << 16, '\0');
        text.resize(std::fread(text.data(), 1, text.size(), log_file));
        return text;
    }

    net::Loop loop;
    net::Offload offload{loop};
    SlowBackend backend;
    FrontOptions options;
    store::State* state = nullptr;
    std::span<const judge::Check* const> checks = judge::catalogue();
    std::optional<policy::Act> act;  // the operator's act on `acted_on`
    Network acted_on{IpAddress::v4({127, 0, 0, 0}), 8};
    net::Fd listener;
    std::FILE* log_file;
    std::unique_ptr<net::LogWriter> log;
    std::unique_ptr<Front> front;
};

}  // namespace sluice::front
