#include "app/process/listeners.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>
#include <set>
#include <thread>

#include "app/process/start_error.hpp"

namespace sluice::app {
namespace {

using testing::HasSubstr;

Door any_port(front::Wrapping wrapping = front::Wrapping::none) {
    return {.address = {.address = IpAddress::v4({127, 0, 0, 1}), .port = 0}, .wrapping = wrapping};
}

Listeners bind_all(std::vector<Door>& doors, unsigned workers) {
    return {Listeners(), doors, workers, {}};
}

net::Endpoint endpoint_of(const ListeningSocket& socket) {
    return net::local_endpoint(socket->fd.get());
}

/// A socket as an executed process receives it.
PassedSocket passed(const net::Fd& socket, std::string_view name) {
    return {.fd = net::Fd(::dup(socket.get())), .name = std::string(name)};
}

bool answers(const net::Endpoint& endpoint) {
    net::ListenOptions alone;
    alone.shared = false;
    return !net::listen_tcp(endpoint, alone);
}

TEST(Listeners, EveryWorkerHasItsOwnOnTheSamePort) {
    std::vector<Door> doors = {any_port(), any_port()};
    const Listeners all = bind_all(doors, 3);
    EXPECT_NE(doors[0].address.port, 0);
    EXPECT_NE(doors[0].address.port, doors[1].address.port);
    std::set<ListeningSocket> different;
    for (unsigned worker = 0; worker < 3; ++worker) {
        const std::vector<ListeningSocket> own = all.of(worker);
        ASSERT_EQ(own.size(), 2U);
        EXPECT_EQ(endpoint_of(own[0]), doors[0].address);
        EXPECT_EQ(endpoint_of(own[1]), doors[1].address);
        different.insert(own.begin(), own.end());
    }
    EXPECT_EQ(different.size(), 6U);
}

TEST(Listeners, APortInUseIsAnErrorAlsoWhenItWouldBeShared) {
    std::vector<Door> doors = {any_port()};
    const Listeners first = bind_all(doors, 2);
    try {
        bind_all(doors, 2);
        FAIL() << "the port is taken";
    } catch (const StartError& error) {
        EXPECT_THAT(error.what(), HasSubstr("cannot listen on " + doors[0].address.to_string()));
        EXPECT_THAT(error.what(), HasSubstr("another program listens there"));
    }
}

TEST(Listeners, AnAddressThatIsNotOursIsNamed) {
    // RFC 5737: no machine has this address.
    std::vector<Door> doors = {{.address = {.address = IpAddress::v4({203, 0, 113, 1}), .port = 0}}};
    try {
        bind_all(doors, 1);
        FAIL() << "the address is not ours";
    } catch (const StartError& error) {
        EXPECT_THAT(error.what(), HasSubstr("no interface of this machine has that address"));
    }
}

TEST(Listeners, TheNextHaveTheSameSockets) {
    std::vector<Door> doors = {any_port()};
    const Listeners first = bind_all(doors, 2);
    const Listeners next(first, doors, 2, {});
    EXPECT_EQ(next.all(), first.all());
    EXPECT_TRUE(first.without(next).empty());
}

TEST(Listeners, APortThatWasFreelyChosenStays) {
    std::vector<Door> doors = {any_port()};
    const Listeners first = bind_all(doors, 1);
    std::vector<Door> again = {any_port()};
    const Listeners next(first, again, 1, {});
    EXPECT_EQ(again, doors);
}

TEST(Listeners, MoreWorkersGetMoreSockets) {
    std::vector<Door> doors = {any_port()};
    const Listeners first = bind_all(doors, 1);
    const Listeners next(first, doors, 3, {});
    EXPECT_EQ(next.all().size(), 3U);
    EXPECT_EQ(next.of(0), first.of(0));
    EXPECT_EQ(next.without(first).size(), 2U);
}

TEST(Listeners, WhatIsTooManyOrGoneIsNamed) {
    std::vector<Door> doors = {any_port(), any_port()};
    const Listeners first = bind_all(doors, 2);
    std::vector<Door> one = {doors[0]};
    Listeners next(first, one, 1, {});
    EXPECT_EQ(next.all().size(), 1U);
    EXPECT_EQ(first.without(next).size(), 3U);
}

TEST(Listeners, WhenOneCannotBeBoundThoseBeforeStay) {
    std::vector<Door> doors = {any_port()};
    const Listeners first = bind_all(doors, 1);
    std::vector<Door> wrong = {doors[0],
                               {.address = {.address = IpAddress::v4({203, 0, 113, 1}), .port = 25}}};
    EXPECT_THROW(Listeners(first, wrong, 2, {}), StartError);
    EXPECT_EQ(endpoint_of(first.of(0)[0]), doors[0].address);
}

TEST(Listeners, PassedOnesServeTheirAddresses) {
    const auto shared = *net::listen_tcp(any_port().address, {});
    net::ListenOptions alone;
    alone.shared = false;
    const auto single = *net::listen_tcp(any_port().address, alone);
    std::vector<Door> doors = {{.address = net::local_endpoint(shared.get())},
                               {.address = net::local_endpoint(single.get())}};
    std::vector<PassedSocket> sockets;
    sockets.push_back(passed(shared, ""));
    sockets.push_back(passed(single, ""));
    const Listeners adopted(std::move(sockets), doors);
    EXPECT_EQ(adopted.endpoints(), (std::vector{doors[0].address, doors[1].address}));
    EXPECT_NE(::fcntl(adopted.of(0)[0]->fd.get(), F_GETFD) & FD_CLOEXEC, 0);

    const Listeners next(adopted, doors, 2, {});
    EXPECT_EQ(next.of(0)[0], adopted.of(0)[0]);
    EXPECT_NE(next.of(1)[0], next.of(0)[0]);
    EXPECT_EQ(next.of(1)[1], next.of(0)[1]);  // cannot be bound twice: both workers take from it

    doors[1].wrapping = front::Wrapping::tls;
    EXPECT_THROW(Listeners(next, doors, 2, {}), StartError) << "nor for another wrapping";
}

TEST(Listeners, TheWrappingIsThatOfWhoBound) {
    std::vector<Door> doors = {any_port(), any_port(front::Wrapping::tls)};
    const Listeners first = bind_all(doors, 2);
    for (unsigned worker = 0; worker < 2; ++worker) {
        EXPECT_EQ(first.of(worker)[0]->wrapping, front::Wrapping::none);
        EXPECT_EQ(first.of(worker)[1]->wrapping, front::Wrapping::tls);
    }
    std::vector<Door> one = {doors[0]};
    const Listeners next(first, one, 2, {});
    const auto gone = first.without(next);
    ASSERT_EQ(gone.size(), 2U);
    EXPECT_EQ(gone[0]->wrapping, front::Wrapping::tls) << "also when the configuration knows it no more";
}

TEST(Listeners, AnotherWrappingIsAnotherSocketOfTheAddress) {
    std::vector<Door> doors = {any_port(front::Wrapping::tls)};
    const Listeners first = bind_all(doors, 1);
    std::vector<Door> plaintext = {{.address = doors[0].address}};
    const Listeners next(first, plaintext, 1, {});
    EXPECT_EQ(endpoint_of(next.of(0)[0]), endpoint_of(first.of(0)[0]));
    EXPECT_EQ(next.of(0)[0]->wrapping, front::Wrapping::none);
    EXPECT_EQ(first.without(next), first.all()) << "who waits there has come for TLS";
}

TEST(Listeners, PassedOnesKeepTheWrappingOfTheirNames) {
    constexpr auto none = front::Wrapping::none;
    constexpr auto tls = front::Wrapping::tls;
    struct Case {
        std::string_view name;
        std::optional<front::Wrapping> configured;
        front::Wrapping wrapping;
    };
    for (const auto& [name, configured, wrapping] :
         {Case{"sluice-tls", none, tls}, Case{"sluice-tls", {}, tls}, Case{"sluice-plaintext", tls, none},
          Case{"", tls, tls}, Case{"sluice.socket", tls, tls}, Case{"smtp", none, none},
          Case{"smtp", {}, none}}) {
        const auto socket = *net::listen_tcp(any_port().address, {});
        std::vector<Door> doors;
        if (configured) doors = {{.address = net::local_endpoint(socket.get()), .wrapping = *configured}};
        std::vector<PassedSocket> sockets;
        sockets.push_back(passed(socket, name));
        const Listeners adopted(std::move(sockets), doors);
        EXPECT_EQ(adopted.all()[0]->wrapping, wrapping) << name;
    }
    EXPECT_EQ(name_of(tls), "sluice-tls");
    EXPECT_EQ(name_of(none), "sluice-plaintext");
}

/// After turn_newcomers_away() the old socket keeps its queue, and new clients reach another socket.
TEST(Listeners, NewcomersGoToAnotherSocketOfTheAddress) {
    std::vector<Door> doors = {any_port()};
    Listeners first = bind_all(doors, 2);
    const Listeners next(first, doors, 1, {});
    std::vector<net::Fd> clients;
    clients.reserve(128);
    const auto waiting = [](int listener) {
        int count = 0;
        while (net::accept_tcp(listener).fd)
            ++count;
        return count;
    };
    for (int i = 0; i < 64; ++i)
        clients.push_back(*net::connect_tcp(doors[0].address));
    const int leaving = first.of(1)[0]->fd.get();
    // A loopback handshake is complete when connect returns: the kernel has chosen the sockets by now.
    turn_newcomers_away(leaving);
    EXPECT_GT(waiting(leaving), 0) << "who had come before is still there";
    for (int i = 0; i < 64; ++i)
        clients.push_back(*net::connect_tcp(doors[0].address));
    EXPECT_EQ(waiting(leaving), 0);
    first = Listeners();
    std::this_thread::sleep_for(Millis{1500});  // they try again after a second
    EXPECT_EQ(waiting(next.of(0)[0]->fd.get()) > 64, true);
    int refused = 0;
    for (const net::Fd& client : clients)
        refused += net::connect_result(client.get()) ? 1 : 0;
    EXPECT_EQ(refused, 0);
    EXPECT_TRUE(answers(doors[0].address));
}

}  // namespace
}  // namespace sluice::app
