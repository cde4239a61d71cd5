#include "app/check/own_clients.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::app {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string session(std::string_view client, std::string_view rest) {
    return fmt::format(R"({{"time":"2026-11-30T12:00:00.000Z","event":"session","client":"{}",{}}})", client,
                       rest);
}
const std::string slow = R"("lane":"slow","outcome":"quit")";
const std::string observed = R"("lane":"fast","would_be":"defer","outcome":"quit")";

std::string said_of(const std::vector<std::string>& lines) {
    std::vector<Network> own = private_networks();
    own.push_back(*Network::parse("198.51.100.0/24"));
    OwnClients clients(own);
    for (const std::string& line : lines)
        clients.take(line);
    const Findings findings = clients.findings();
    return findings.empty() ? "" : findings.front().text;
}

TEST(OwnClients, ThoseThatWereHeldUpAreNamed) {
    const std::string text = said_of({session("10.1.2.3", slow), session("198.51.100.7", slow),
                                      session("198.51.100.7", R"("lane":"fast","outcome":"greylisted")")});
    EXPECT_THAT(text, HasSubstr(R"(Add "198.51.100.7", "10.1.2.3" to policy.networks.fast)"));
    EXPECT_THAT(text, HasSubstr("3 of their sessions were held up"));
}

TEST(OwnClients, ThoseThatWouldHaveBeen) {
    EXPECT_THAT(said_of({session("fd00::1", observed)}),
                HasSubstr(R"(Add "fd00::1" to policy.networks.fast)"));
    EXPECT_THAT(said_of({session("fd00::1", observed)}), HasSubstr("1 of their sessions would have been"));
    const std::string greylisted =
        R"("lane":"fast","would_be":"fast","would_be_greylisted":true,"outcome":"quit")";
    EXPECT_THAT(said_of({session("10.1.2.3", greylisted)}), HasSubstr("1 of their sessions would have been"));
}

TEST(OwnClients, NobodyElse) {
    EXPECT_EQ(said_of({session("203.0.113.9", slow), session("10.1.2.3", R"("lane":"fast","outcome":"quit")"),
                       session("10.1.2.3", R"("lane":"fast","would_be":"fast","outcome":"quit")"),
                       session("nobody", slow), R"({"event":"session","client":7,"lane":"slow"})",
                       R"({"event":"session","lane":"slow" cut)", ""}),
              "");
}

TEST(OwnClients, SoManyAreNamed) {
    static_assert(OwnClients::named_max == 5);
    std::vector<std::string> lines;
    for (int host = 1; host <= 5; ++host)
        lines.push_back(session(fmt::format("10.0.0.{}", host), slow));
    EXPECT_THAT(said_of(lines),
                HasSubstr(R"("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5" to )"));
    lines.push_back(session("10.0.0.6", slow));
    lines.push_back(session("10.0.0.6", slow));
    const std::string text = said_of(lines);
    EXPECT_THAT(text,
                HasSubstr(R"(Add "10.0.0.6", "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4" and 1 other)"));
    EXPECT_THAT(text, Not(HasSubstr("10.0.0.5")));
}

}  // namespace
}  // namespace sluice::app
