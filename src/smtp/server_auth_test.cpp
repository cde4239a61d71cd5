// AUTH as it is passed on (RFC 4954): when it is offered, and what the backend is and is not asked.
#include <gtest/gtest.h>

#include "smtp/testing/server_script.hpp"

namespace sluice::smtp {
namespace {

using Auth = ServerOptions::Auth;
using script::Script;

constexpr std::string_view mechanisms = "PLAIN LOGIN";
const std::string plain = "AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n";

/// The codes and the log after the commands that a client sends behind its EHLO.
class ServerAuth : public testing::Test {
  protected:
    void play(Auth auth, bool secure, std::string_view input) {
        options.hostname = "mx";
        options.auth = auth;
        script = std::make_unique<Script>(options, Offer::everything(), script::Answers(), mechanisms);
        script->feed({});
        if (secure) script->server().tls_started();
        script->feed("EHLO c\r\n");
        const std::size_t codes = script->play().codes.size();
        script->feed(input);
        const auto& all = script->play().codes;
        last.assign(all.begin() + static_cast<std::ptrdiff_t>(codes), all.end());
    }
    bool offered() const { return script->play().replies.contains("AUTH PLAIN LOGIN\r\n"); }

    ServerOptions options;
    std::unique_ptr<Script> script;
    std::vector<int> last;
};

TEST_F(ServerAuth, IsOfferedWhereItIsAllowed) {
    play(Auth::off, true, plain);
    EXPECT_FALSE(offered());
    EXPECT_EQ(last, std::vector{502});
    play(Auth::over_tls, false, plain);
    EXPECT_FALSE(offered());
    EXPECT_EQ(last, std::vector{538});
    play(Auth::over_tls, true, plain);
    EXPECT_TRUE(offered());
    EXPECT_EQ(last, std::vector{235});
    EXPECT_TRUE(script->server().authenticated());
    play(Auth::anywhere, false, plain);
    EXPECT_TRUE(offered());
    EXPECT_EQ(last, std::vector{235});
}

TEST_F(ServerAuth, GoesOnAsLongAsTheMtaAsks) {
    play(Auth::over_tls, true, "AUTH LOGIN\r\nYWxpY2U=\r\n");
    EXPECT_EQ(last, (std::vector{334, 235}));
    EXPECT_EQ(script->play().log.at(script->play().log.size() - 2), "response YWxpY2U=");
}

TEST_F(ServerAuth, IsOnceAndNotInATransaction) {
    play(Auth::over_tls, true, plain + plain);
    EXPECT_EQ(last, (std::vector{235, 503}));
    play(Auth::over_tls, true, "MAIL FROM:<s@example.org>\r\n" + plain);
    EXPECT_EQ(last, (std::vector{250, 503}));
    EXPECT_FALSE(script->server().authenticated());
}

TEST_F(ServerAuth, MayFailAndBeTriedAgain) {
    play(Auth::over_tls, true, "AUTH PLAIN wrong===\r\n" + plain);
    EXPECT_EQ(last, (std::vector{501, 235})) << "wrong=== is no base64";
    play(Auth::over_tls, true, "AUTH LOGIN\r\n*\r\n" + plain);
    EXPECT_EQ(last, (std::vector{334, 501, 235}));
}

TEST_F(ServerAuth, PassesNothingOnThatIsNoBase64) {
    for (const std::string response : {"YWxpY2U", "a b=", "YWxp\x80", "====", "*x"}) {
        play(Auth::over_tls, true, "AUTH LOGIN\r\n" + response + "\r\n");
        EXPECT_EQ(last, (std::vector{334, 501})) << response;
        EXPECT_EQ(script->play().log.at(script->play().log.size() - 2), "response *") << response;
    }
    for (const std::string command : {"AUTH", "AUTH PL/AIN", "AUTH PLAIN a", "AUTH PLAIN YWxpY2U= x"}) {
        play(Auth::over_tls, true, command + "\r\n");
        EXPECT_EQ(last, std::vector{501}) << command;
    }
}

TEST_F(ServerAuth, BoundsAResponse) {
    const std::string fits(12'284, 'a');
    play(Auth::over_tls, true, "AUTH LOGIN\r\n" + fits + "\r\n");
    EXPECT_EQ(last, (std::vector{334, 235}));
    play(Auth::over_tls, true, "AUTH LOGIN\r\n" + fits + fits + "\r\nNOOP\r\n");
    EXPECT_EQ(last, (std::vector{334, 501, 250}));
}

TEST_F(ServerAuth, WaitsForTheEndOfALineThatFitsAndForNoOther) {
    constexpr std::size_t octets_max = 12'288;  // auth_line_octets_max, with the end of the line
    play(Auth::over_tls, true, "AUTH LOGIN\r\n" + std::string(octets_max - 1, 'a'));
    EXPECT_EQ(script->play().unread.size(), octets_max - 1) << "the line end may be the next octet";
    play(Auth::over_tls, true, "AUTH LOGIN\r\n" + std::string(octets_max, 'a'));
    EXPECT_EQ(script->play().unread, "") << "the line is too long: its octets are dropped";
    script->feed("a\r\nNOOP\r\n");
    EXPECT_TRUE(script->play().replies.ends_with("501 5.7.0 Broken off\r\n250 2.0.0 Ok\r\n"));
}

TEST_F(ServerAuth, CountsFailuresAsErrors) {
    options.limits.errors_max = 2;
    play(Auth::over_tls, true, "AUTH LOGIN\r\n*\r\nAUTH LOGIN\r\n*\r\nAUTH LOGIN\r\n*\r\n");
    EXPECT_EQ(last, (std::vector{334, 501, 334, 501, 334, 421}));
}

}  // namespace
}  // namespace sluice::smtp
