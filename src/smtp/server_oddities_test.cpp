// The oddities that the machine notes about bad clients, and that it notes none about good ones.
#include <gtest/gtest.h>
#include <string_view>
#include <vector>

#include "smtp/testing/server_script.hpp"

namespace sluice::smtp {
namespace {

using script::Script;

constexpr Oddities early{.early_pipelining = true};
constexpr Oddities foreign{.non_smtp = true};
constexpr Oddities bare{.bare_newline = true};

/// Each piece is sent after all replies to the pieces before it.
struct Case {
    std::vector<std::string_view> pieces;
    Oddities odd;
};

void check(const Case& c, const Offer& offer, const ServerOptions& options) {
    Script script(options, offer, {}, "PLAIN");
    std::string sent;
    for (const std::string_view piece : c.pieces) {
        script.feed(piece);
        sent += piece;
        sent += '|';
    }
    const Oddities odd = script.server().take_oddities();
    EXPECT_TRUE(odd == c.odd) << sent << " early " << odd.early_pipelining << " foreign " << odd.non_smtp
                              << " bare " << odd.bare_newline;
    EXPECT_FALSE(script.server().take_oddities().any()) << "told once";
}

constexpr std::string_view ehlo = "EHLO c.example\r\n";
constexpr std::string_view mail = "MAIL FROM:<s@example.org>\r\n";
constexpr std::string_view envelope = "MAIL FROM:<s@example.org>\r\nRCPT TO:<r@example.net>\r\n";

TEST(Oddities, Table) {
    const ServerOptions options{
        .hostname = "mx.example.org", .starttls = true, .auth = ServerOptions::Auth::anywhere};
    const Case cases[] = {
        // good clients
        {{ehlo, "QUIT\r\n"}, {}},
        {{"HELO c.example\r\n", mail, "RCPT TO:<r@example.net>\r\n", "DATA\r\n", "x\r\n.\r\n", "QUIT\r\n"},
         {}},
        {{ehlo, "MAIL FROM:<s@example.org>\r\nRCPT TO:<r@example.net>\r\nRCPT TO:<q@example.net>\r\nDATA\r\n",
          "x\r\n.\r\nQUIT\r\n"},
         {}},
        {{ehlo, "MAIL FROM:<s@example.org>\r\nRCPT TO:<r@example.net>\r\nBDAT 3 LAST\r\nx\r\nQUIT\r\n"}, {}},
        {{ehlo, "RSET\r\nMAIL FROM:<s@example.org>\r\nNOOP\r\nRSET\r\nQUIT\r\n"}, {}},
        {{ehlo, "STARTTLS\r\n", ehlo, "QUIT\r\n"}, {}},
        {{ehlo, "AUTH PLAIN\r\n", "AGEAYg==\r\n", "QUIT\r\n"}, {}},
        {{"EHLO c.exa", "mple\r\nQU"}, early},
        {{"EHLO c.exa", "mple\r\n", "QU", "IT\r\n"}, {}},
        {{"EHLO\tc.example\r\n", "MAIL\tFROM:\t<s@example.org>\r\nRCPT TO:\t<r@example.net>\r\n",
          "QUIT\t\r\n"},
         {}},
        {{"EHLO j\xc3\xbcrgen.example\r\n", "HELO j\xfcrgen.example\r\n", "QUIT\r\n"}, {}},
        {{"\tEHLO c.example\r\n", "XF\tOO\r\n"}, {}},
        {{ehlo, "XFOO\r\n", "FROB x: y\r\n", "\r\n", "   \r\n"}, {}},
        // commands before their turn
        {{"EHLO c.example\r\nMAIL FROM:<s@example.org>\r\n"}, early},
        {{"HELO c.example\r\nQUIT\r\n"}, early},
        {{"HELO c.example\r\n", "MAIL FROM:<s@example.org>\r\nRCPT TO:<r@example.net>\r\n"}, early},
        {{"NOOP\r\nNOOP\r\n"}, early},
        {{"XFOO\r\nNOOP\r\n"}, early},
        {{ehlo, envelope, "DATA\r\nx\r\n.\r\n"}, early},
        {{ehlo, "QUIT\r\nx"}, early},
        {{ehlo, "STARTTLS\r\nEHLO c.example\r\n"}, early},
        {{ehlo, "AUTH PLAIN AGEAYg==\r\nMAIL FROM:<s@example.org>\r\n"}, early},
        // not SMTP
        {{"GET / HTTP/1.1\r\n"}, foreign},
        {{ehlo, "CONNECT mx.example.org:25 HTTP/1.0\r\n"}, foreign},
        {{"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"}, foreign},
        {{ehlo, "Subject: cheap\r\n"}, foreign},
        {{"\x16\x03\x01\x02\r\n"}, foreign},
        {{"\xff\xfb\x01 x\r\n"}, foreign},
        {{ehlo, "MAIL FROM:<s\x01@example.org>\r\n"}, {}},
        {{"EHLO\vc.example\r\n"}, foreign},
        // bare newlines
        {{"EHLO c.example\n"}, bare},
        {{ehlo, "AUTH PLAIN\r\n", "AGEAYg==\n"}, bare},
        {{ehlo, envelope, "DATA\r\n", "x\ny\r\n.\r\n"}, bare},
        {{ehlo, envelope, "DATA\r\n", "x\ry\r\n.\r\n"}, bare},
        {{ehlo, envelope, "BDAT 5 LAST\r\nx\ny\r\n"}, bare},
        {{ehlo, envelope, "DATA\r\n", "x\r\ny\r\n.\r\n"}, {}},
    };
    for (const Case& c : cases)
        check(c, Offer::everything(), options);
}

TEST(Oddities, WithoutPipeliningEveryCommandWaits) {
    const ServerOptions options{.hostname = "mx.example.org"};
    Offer offer = Offer::everything();
    offer.remove(Extension::pipelining);
    check({{ehlo, mail, "RCPT TO:<r@example.net>\r\n", "BDAT 3 LAST\r\nx\r\n", "QUIT\r\n"}, {}}, offer,
          options);
    check({{ehlo, "MAIL FROM:<s@example.org>\r\nRCPT TO:<r@example.net>\r\n"}, early}, offer, options);
}

TEST(Oddities, WhatIsNormalisedIsStillOdd) {
    ServerOptions options{.hostname = "mx.example.org"};
    options.bare_newlines = BareNewlines::normalise;
    check({{"EHLO c.example\n"}, bare}, Offer::everything(), options);
    check({{ehlo, envelope, "DATA\r\n", "x\ny\r\n.\r\n"}, bare}, Offer::everything(), options);
}

}  // namespace
}  // namespace sluice::smtp
