// For tests: a relay, a loop and scripted MTAs on it, and questions as a client session would ask them.
#pragma once

#include <algorithm>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/offload.hpp"
#include "relay/relay.hpp"
#include "relay/testing/scripted_mta.hpp"

namespace sluice::relay {

inline smtp::ClientIdentity client_at(unsigned host) {
    return {IpAddress::v4({192, 0, 2, static_cast<std::uint8_t>(host)}),
            static_cast<std::uint16_t>(40000 + host), "", "client" + std::to_string(host) + ".example", true};
}

class Ask final : public smtp::RecipientQuestion {
  public:
    Ask(unsigned client_host, std::string address, std::string sender = "s@example.org")
        : identity(client_at(client_host)),
          transaction{std::move(sender), "", {}},
          asked{std::move(address), ""} {
        client = &identity;
        envelope = &transaction;
        recipient = &asked;
    }
    void answered(const smtp::Answer& answer) override {
        EXPECT_FALSE(got.has_value());
        EXPECT_FALSE(pending());
        got = answer;
        if (then) then();
    }
    int code() const { return got ? got->reply.code : 0; }
    std::string text() const { return got ? got->reply.text : ""; }

    smtp::ClientIdentity identity;
    smtp::Envelope transaction;
    smtp::Recipient asked;
    std::optional<smtp::Answer> got;
    std::function<void()> then;
};

class Send final : public smtp::DeliveryQuestion {
  public:
    Send(unsigned client_host, std::vector<std::string> addresses,
         std::string content = "Subject: x\r\n\r\nbody\r\n")
        : identity(client_at(client_host)), transaction{"s@example.org", "", {}}, octets(std::move(content)) {
        for (std::string& address : addresses)
            transaction.recipients.push_back({std::move(address), ""});
        client = &identity;
        envelope = &transaction;
        message.memory = octets;
    }
    void answered(const smtp::Answer& answer) override {
        EXPECT_FALSE(got.has_value());
        got = answer;
    }
    int code() const { return got ? got->reply.code : 0; }
    std::string text() const { return got ? got->reply.text : ""; }

    smtp::ClientIdentity identity;
    smtp::Envelope transaction;
    std::string octets;
    std::optional<smtp::Answer> got;
};

/// One line of an AUTH exchange, on this login.
class Authenticate final : public smtp::AuthQuestion {
  public:
    Authenticate(smtp::Login& on, const smtp::ClientIdentity& who, std::string said) {
        login = &on;
        client = &who;
        line = std::move(said);
    }
    void answered(const smtp::Answer& answer) override {
        EXPECT_FALSE(got.has_value());
        EXPECT_FALSE(pending());
        got = answer;
        if (then) then();
    }

    std::optional<smtp::Answer> got;
    std::function<void()> then;
};

class RelayTest : public testing::Test {
  protected:
    RelayTest() {
        options.hostname = "front.example";
        options.pool.connections_min = 0;
        options.pool.connections_max = 4;
        options.pool.connect_timeout = options.pool.command_timeout = Seconds{1};
        options.pool.content_timeout = options.pool.final_timeout = Seconds{1};
        options.pool.retry_after = Seconds{1};
        options.pool.outage_wait_max = Seconds{0};
        options.pool.waiting_time_max = Seconds{3};
    }
    ~RelayTest() override {
        relay.reset();
        loop.turn(Millis{0});
        for (ScriptedMta* each : {&mta, &other})
            EXPECT_THAT(each->violations, testing::IsEmpty());
    }

    UpstreamOptions upstream(const ScriptedMta& at, unsigned priority = 0) const {
        UpstreamOptions given;
        given.address.tcp = at.endpoint();
        given.priority = priority;
        return given;
    }

    /// Starts the relay with the MTAs of options.upstreams, or with `mta` if none was set.
    void start() {
        if (options.upstreams.empty()) options.upstreams = {upstream(mta)};
        relay = std::make_unique<Relay>(
            loop, offload, validating, memory, options,
            [this](std::string_view what, std::string_view who, std::string_view why) {
                notices.push_back(std::string(what) + " " + std::string(who));
                reasons.emplace_back(why);
            });
    }

    /// Starts the relay and waits until the first MTA has been reached, has proved itself, and all is quiet.
    void start_and_reach() {
        start();
        ASSERT_TRUE(run_until(
            [this] { return told("mta_up") != 0 && relay->counts().idle == relay->counts().connections; }));
    }

    /// The number of notices of this event so far.
    std::size_t told(std::string_view event) const {
        return static_cast<std::size_t>(std::ranges::count_if(
            notices, [event](const std::string& notice) { return notice.starts_with(event); }));
    }

    bool run_until(const std::function<bool()>& condition, Millis time_max = Millis{5000}) {
        const Instant end = loop.now() + time_max;
        while (!condition()) {
            if (loop.now() >= end) return false;
            loop.turn(Millis{10});
        }
        return true;
    }
    void run_for(Millis time) {
        run_until([] { return false; }, time);
    }

    /// Asks the question and waits for the answer.
    smtp::Answer ask(Ask& question) {
        const auto at_once = relay->verify(question);
        if (at_once) return *at_once;
        EXPECT_TRUE(run_until([&] { return question.got.has_value(); }));
        return question.got.value_or(smtp::Answer{});
    }
    smtp::Answer ask(unsigned client_host, const std::string& address) {
        Ask question(client_host, address);
        return ask(question);
    }
    smtp::Answer send(Send& question) {
        relay->deliver(question);
        EXPECT_FALSE(question.got.has_value());
        EXPECT_TRUE(run_until([&] { return question.got.has_value(); }));
        return question.got.value_or(smtp::Answer{});
    }

    /// A script that answers `reply` at the first (or only the nth) moment of this verb.
    static ScriptedMta::Script at(const std::string& verb, std::string_view reply, unsigned nth = 1) {
        return [verb, reply = std::string(reply), nth, seen = 0U](const ScriptedMta::Moment& moment) mutable {
            if (moment.verb != verb || ++seen != nth) return std::optional<std::string>();
            return std::optional(reply);
        };
    }
    static ScriptedMta::Script always(const std::string& verb, std::string_view reply) {
        return [verb, reply = std::string(reply)](const ScriptedMta::Moment& moment) {
            return moment.verb == verb ? std::optional(reply) : std::nullopt;
        };
    }

    net::Loop loop;
    net::Offload offload{loop};
    net::Resolver* validating = nullptr;
    store::State* memory = nullptr;
    ScriptedMta mta{loop};
    ScriptedMta other{loop};
    RelayOptions options;
    std::unique_ptr<Relay> relay;
    std::vector<std::string> notices;
    std::vector<std::string> reasons;
};

}  // namespace sluice::relay
