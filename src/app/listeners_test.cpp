#include "app/listeners.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/start_error.hpp"

namespace sluice::app {
namespace {

using testing::HasSubstr;

net::Endpoint any_port() {
    return {.address = IpAddress::v4({127, 0, 0, 1}), .port = 0};
}

TEST(Listeners, EveryWorkerHasItsOwnOnTheSamePort) {
    std::vector<net::Endpoint> endpoints = {any_port(), any_port()};
    const auto all = bind_listeners(endpoints, 3, {});
    ASSERT_EQ(all.size(), 3U);
    EXPECT_NE(endpoints[0].port, 0);
    EXPECT_NE(endpoints[0].port, endpoints[1].port);
    for (const WorkerListeners& listeners : all) {
        ASSERT_EQ(listeners.size(), 2U);
        EXPECT_EQ(net::local_endpoint(listeners[0].get()), endpoints[0]);
        EXPECT_EQ(net::local_endpoint(listeners[1].get()), endpoints[1]);
    }
}

TEST(Listeners, APortInUseIsAnErrorAlsoWhenItWouldBeShared) {
    std::vector<net::Endpoint> endpoints = {any_port()};
    const auto first = bind_listeners(endpoints, 2, {});
    try {
        bind_listeners(endpoints, 2, {});
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
        bind_listeners(endpoints, 1, {});
        FAIL() << "the address is not ours";
    } catch (const StartError& error) {
        EXPECT_THAT(error.what(), HasSubstr("no interface of this machine has that address"));
    }
}

}  // namespace
}  // namespace sluice::app
