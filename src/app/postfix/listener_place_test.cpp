#include "app/postfix/listener_place.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace sluice::app {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

PostfixService smtpd(std::string name, std::vector<PostfixOption> options = {}) {
    return {.name = std::move(name), .type = "inet", .command = "smtpd", .options = std::move(options)};
}

const std::vector<PostfixOption> sluices = {{"cleanup_service_name", "sluice-cleanup"}};

net::ServerAddress at(std::string_view address) {
    return net::ServerAddress::parse(address).value();
}

bool nothing_listens(const net::ServerAddress& /*address*/) {
    return false;
}

ListenerPlace place(std::string_view wished, std::vector<PostfixService> services,
                    const InUse& in_use = nothing_listens) {
    PostfixSettings postfix;
    postfix.services = std::move(services);
    return place_listener(at(wished), &postfix, in_use).value();
}

TEST(ListenerPlace, WhatIsWishedForIfItIsFreeOrSluices) {
    const std::vector<std::vector<PostfixService>> free = {
        {},
        {smtpd("smtp")},
        {smtpd("127.0.0.1:10025", sluices)},
        {smtpd("localhost:10025", {{"smtpd_authorized_xclient_hosts", "127.0.0.1"}})},
        {smtpd("192.0.2.1:10025")},
    };
    for (const auto& services : free) {
        const ListenerPlace found = place("127.0.0.1:10025", services);
        EXPECT_EQ(found.address, at("127.0.0.1:10025"));
        EXPECT_THAT(found.instead, IsEmpty());
    }
}

TEST(ListenerPlace, IsNeverWhereClientsConnect) {
    for (const std::string port : {"25", "465", "587"}) {
        const ListenerPlace found = place("127.0.0.1:" + port, {smtpd("smtp"), smtpd("submission")});
        EXPECT_EQ(found.address, at("127.0.0.1:10025"));
        EXPECT_EQ(found.instead, "port " + port + " is for clients");
        EXPECT_EQ(place_listener(at("192.0.2.1:" + port), nullptr, nothing_listens)->address,
                  at("192.0.2.1:10025"));
    }
}

TEST(ListenerPlace, WhatIsAnotherFiltersStaysItsOwn) {
    // As in amavisd-new's documentation.
    const PostfixService amavis = smtpd("127.0.0.1:10025", {{"content_filter", ""}});
    const ListenerPlace found = place("127.0.0.1:10025", {amavis, smtpd("127.0.0.1:10026")});
    EXPECT_EQ(found.address, at("127.0.0.1:10027"));
    EXPECT_EQ(found.instead,
              "127.0.0.1:10025 is taken by 127.0.0.1:10025/inet of master.cf, which is not Sluice's");
    EXPECT_EQ(place("127.0.0.1:25", {amavis}).address, at("127.0.0.1:10026"));
    EXPECT_EQ(place("127.0.0.1:10025", {smtpd("127.0.0.1:10025", sluices), smtpd("localhost:10025")}).address,
              at("127.0.0.1:10026"))
        << "Postfix would have two of one name";
}

TEST(ListenerPlace, APortThatIsInUseIsNotFree) {
    const auto until_10027 = [](const net::ServerAddress& address) { return address.tcp.port < 10027; };
    const ListenerPlace found = place("127.0.0.1:10025", {smtpd("smtp")}, until_10027);
    EXPECT_EQ(found.address, at("127.0.0.1:10027"));
    EXPECT_THAT(found.instead, HasSubstr("taken by a program that is not in master.cf"));
    EXPECT_EQ(place("127.0.0.1:10026", {smtpd("127.0.0.1:10026", sluices)}, until_10027).address,
              at("127.0.0.1:10026"))
        << "it is Postfix who listens, for Sluice";
}

TEST(ListenerPlace, TheOneThatWasGivenBeforeIsGivenAgain) {
    EXPECT_EQ(place("127.0.0.1:25", {smtpd("127.0.0.1:2600", sluices)}).address, at("127.0.0.1:2600"));
    EXPECT_EQ(place("127.0.0.1:25", {smtpd("192.0.2.1:2600", sluices)}).address, at("127.0.0.1:10025"));
}

TEST(ListenerPlace, MayBeNowhere) {
    const PostfixSettings postfix;
    const auto found =
        place_listener(at("127.0.0.1:25"), &postfix, [](const auto& /*address*/) { return true; });
    ASSERT_FALSE(found);
    EXPECT_THAT(found.error(), HasSubstr("Name a free port in relay.mta: "));
}

TEST(ListenerPlace, ASocketHasNoPort) {
    EXPECT_EQ(place("unix:/var/spool/postfix/public/sluice", {}).address,
              at("unix:/var/spool/postfix/public/sluice"));
}

}  // namespace
}  // namespace sluice::app
