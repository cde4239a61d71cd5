#include "app/check/off.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::app {
namespace {

using testing::HasSubstr;

std::string what_is_off_in(std::string_view text, bool as_root = true,
                           const PostfixSettings* postfix = nullptr) {
    const auto parsed = parse_config(text, "f");
    EXPECT_TRUE(parsed.has_value());
    return findings_text(what_is_off(finish_config(*parsed).value(), as_root, postfix));
}

constexpr std::string_view whole =
    "state_dir = '/var/lib/sluice'\nuser = 'sluice'\nsmtp.hostname = 'mx.example.org'\n"
    "tls.chain_files = ['/c.pem']\n";

TEST(WhatIsOff, NothingOfAWholeConfiguration) {
    EXPECT_EQ(what_is_off_in(whole), "");
}

TEST(WhatIsOff, EachPartIsNamedWithItsCost) {
    const std::string said = what_is_off_in("");
    for (const char* part :
         {"Set state_dir = \"/var/lib/sluice\"", "greylist", "policy.pregreet", "metrics", "reload", "block",
          "Set smtp.hostname = ", "Set tls.chain_files", "STARTTLS", "Set user = \"sluice\""})
        EXPECT_THAT(said, HasSubstr(part));
    EXPECT_EQ(
        what_is_off_in(std::string(whole) + "policy.mode = 'observe'").find("  off       Take policy.mode"),
        0U);
    EXPECT_THAT(what_is_off_in(std::string(whole) + "store = 'off'"), HasSubstr("Take store = \"off\" out"));
    EXPECT_EQ(what_is_off_in("state_dir = '/s'\nsmtp.hostname = 'a.b'\ntls.chain_files = ['/c']", false), "")
        << "only root can give workers another user";
}

PostfixSettings postfix(std::string_view parameters, std::string_view options = {}) {
    return parse_postfix(parameters, "smtp/inet/command = smtpd\n", options);
}

TEST(WhatIsOff, TheCertificateThatPostfixShows) {
    EXPECT_EQ(chain_files_of(postfix("smtpd_tls_security_level = may\nsmtpd_tls_cert_file = /c.pem\n"
                                     "smtpd_tls_key_file = /k.pem\n")),
              R"(tls.chain_files = [{ chain = "/c.pem", key = "/k.pem" }])");
    EXPECT_EQ(chain_files_of(postfix("smtpd_tls_security_level = may\nsmtpd_tls_cert_file = /c.pem\n"
                                     "smtpd_tls_key_file = $smtpd_tls_cert_file\n")),
              R"(tls.chain_files = ["/c.pem"])");
    EXPECT_EQ(chain_files_of(
                  postfix("smtpd_tls_security_level = encrypt\nsmtpd_tls_chain_files = /a.pem, /b.pem\n")),
              R"(tls.chain_files = ["/a.pem"])");
    EXPECT_EQ(chain_files_of(postfix("smtpd_tls_security_level = none\nsmtpd_tls_cert_file = /c.pem\n")), "");
    EXPECT_EQ(chain_files_of(postfix("smtpd_tls_security_level =\n")), "");
    const PostfixSettings by_option = postfix(
        "smtpd_tls_security_level =\nsmtpd_tls_cert_file = /c.pem\n"
        "smtpd_tls_key_file = /k.pem\n",
        "smtp/inet/smtpd_tls_security_level = may\n");
    EXPECT_NE(chain_files_of(by_option), "");
    const std::string said = what_is_off_in("", true, &by_option);
    EXPECT_THAT(said,
                HasSubstr("WARNING   Set tls.chain_files = [{ chain = \"/c.pem\", key = \"/k.pem\" }]"));
}

}  // namespace
}  // namespace sluice::app
