#include "app/listeners.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>
#include <thread>

#include "app/start_error.hpp"

namespace sluice::app {
namespace {

using testing::HasSubstr;

net::Endpoint any_port() {
    return {.address = IpAddress::v4({127, 0, 0, 1}), .port = 0};
}

Listeners bind_all(std::vector<net::Endpoint>& endpoints, unsigned workers) {
    return {Listeners(), endpoints, workers, {}};
}

bool answers(const net::Endpoint& endpoint) {
    net::ListenOptions alone;
    alone.shared = false;
    return !net::listen_tcp(endpoint, alone);
}

TEST(Listeners, EveryWorkerHasItsOwnOnTheSamePort) {
    std::vector<net::Endpoint> endpoints = {any_port(), any_port()};
    const Listeners all = bind_all(endpoints, 3);
    EXPECT_NE(endpoints[0].port, 0);
    EXPECT_NE(endpoints[0].port, endpoints[1].port);
    std::set<int> different;
    for (unsigned worker = 0; worker < 3; ++worker) {
        const std::vector<int> own = all.of(worker);
        ASSERT_EQ(own.size(), 2U);
        EXPECT_EQ(net::local_endpoint(own[0]), endpoints[0]);
        EXPECT_EQ(net::local_endpoint(own[1]), endpoints[1]);
        different.insert(own.begin(), own.end());
    }
    EXPECT_EQ(different.size(), 6U);
}

TEST(Listeners, APortInUseIsAnErrorAlsoWhenItWouldBeShared) {
    std::vector<net::Endpoint> endpoints = {any_port()};
    const Listeners first = bind_all(endpoints, 2);
    try {
        bind_all(endpoints, 2);
        FAIL() << "the port is taken";
    } catch (const StartError& error) {
        EXPECT_THAT(error.what(), HasSubstr("cannot listen on " + endpoints[0].to_string()));
        EXPECT_THAT(error.what(), HasSubstr("another program listens there"));
    }
}

TEST(Listeners, AnAddressThatIsNotOursIsNamed) {
    // RFC 5737: no machine has it.
    std::vector<net::Endpoint> endpoints = {{.address = IpAddress::v4({203, 0, 113, 1}), .port = 0}};
    try {
        bind_all(endpoints, 1);
        FAIL() << "the address is not ours";
    } catch (const StartError& error) {
        EXPECT_THAT(error.what(), HasSubstr("no interface of this machine has that address"));
    }
}

TEST(Listeners, TheNextHaveTheSameSockets) {
    std::vector<net::Endpoint> endpoints = {any_port()};
    const Listeners first = bind_all(endpoints, 2);
    const Listeners next(first, endpoints, 2, {});
    EXPECT_EQ(next.all(), first.all());
    EXPECT_TRUE(first.without(next).empty());
}

TEST(Listeners, APortThatWasFreelyChosenStays) {
    std::vector<net::Endpoint> endpoints = {any_port()};
    const Listeners first = bind_all(endpoints, 1);
    std::vector<net::Endpoint> again = {any_port()};
    const Listeners next(first, again, 1, {});
    EXPECT_EQ(again, endpoints);
}

TEST(Listeners, MoreWorkersGetMoreSockets) {
    std::vector<net::Endpoint> endpoints = {any_port()};
    const Listeners first = bind_all(endpoints, 1);
    const Listeners next(first, endpoints, 3, {});
    EXPECT_EQ(next.all().size(), 3U);
    EXPECT_EQ(next.of(0), first.of(0));
    EXPECT_EQ(next.without(first).size(), 2U);
}

TEST(Listeners, WhatIsTooManyOrGoneIsNamed) {
    std::vector<net::Endpoint> endpoints = {any_port(), any_port()};
    const Listeners first = bind_all(endpoints, 2);
    std::vector<net::Endpoint> one = {endpoints[0]};
    Listeners next(first, one, 1, {});
    EXPECT_EQ(next.all().size(), 1U);
    EXPECT_EQ(first.without(next).size(), 3U);
}

TEST(Listeners, WhenOneCannotBeBoundThoseBeforeStay) {
    std::vector<net::Endpoint> endpoints = {any_port()};
    const Listeners first = bind_all(endpoints, 1);
    std::vector<net::Endpoint> wrong = {endpoints[0],
                                        {.address = IpAddress::v4({203, 0, 113, 1}), .port = 25}};
    EXPECT_THROW(Listeners(first, wrong, 2, {}), StartError);
    EXPECT_EQ(net::local_endpoint(first.of(0)[0]), endpoints[0]);
}

TEST(Listeners, InheritedOnesServeTheirAddresses) {
    const auto shared = *net::listen_tcp(any_port(), {});
    net::ListenOptions alone;
    alone.shared = false;
    const auto single = *net::listen_tcp(any_port(), alone);
    std::vector<net::Endpoint> endpoints = {net::local_endpoint(shared.get()),
                                            net::local_endpoint(single.get())};
    std::vector<net::Fd> inherited;
    inherited.emplace_back(::dup(shared.get()));
    inherited.emplace_back(::dup(single.get()));
    const Listeners adopted(std::move(inherited));
    EXPECT_EQ(adopted.endpoints(), endpoints);
    EXPECT_NE(::fcntl(adopted.of(0)[0], F_GETFD) & FD_CLOEXEC, 0);

    const Listeners next(adopted, endpoints, 2, {});
    EXPECT_EQ(next.of(0)[0], adopted.of(0)[0]);
    EXPECT_NE(next.of(1)[0], next.of(0)[0]);
    EXPECT_EQ(next.of(1)[1], next.of(0)[1]);  // that cannot be bound twice: both workers take from it
}

/// Loopback connections that are accepted and answered, or not, until it closes.
TEST(Listeners, NewcomersGoToAnotherSocketOfTheAddress) {
    std::vector<net::Endpoint> endpoints = {any_port()};
    Listeners first = bind_all(endpoints, 2);
    const Listeners next(first, endpoints, 1, {});
    std::vector<net::Fd> clients;
    clients.reserve(128);
    const auto waiting = [](int listener) {
        int count = 0;
        while (net::accept_tcp(listener).fd)
            ++count;
        return count;
    };
    for (int i = 0; i < 64; ++i)
        clients.push_back(*net::connect_tcp(endpoints[0]));
    const int leaving = first.of(1)[0];
    // Handshakes over loopback are over when connect returns: the kernel has shared them out.
    turn_newcomers_away(leaving);
    EXPECT_GT(waiting(leaving), 0) << "who had come before is still there";
    for (int i = 0; i < 64; ++i)
        clients.push_back(*net::connect_tcp(endpoints[0]));
    EXPECT_EQ(waiting(leaving), 0);
    first = Listeners();
    std::this_thread::sleep_for(Millis{1500});  // they knock again after a second
    EXPECT_EQ(waiting(next.of(0)[0]) > 64, true);
    int refused = 0;
    for (const net::Fd& client : clients)
        refused += net::connect_result(client.get()) ? 1 : 0;
    EXPECT_EQ(refused, 0);
    EXPECT_TRUE(answers(endpoints[0]));
}

}  // namespace
}  // namespace sluice::app
