#include "app/check/certificates.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::app {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

constexpr auto now = std::chrono::sys_seconds(std::chrono::sys_days(std::chrono::year(2026) / 11 / 30));

CertificateFile certificate(std::chrono::seconds since, std::chrono::seconds left) {
    return {
        .file = "/c.pem",
        .facts = {
            .names = {"mx.example.org", "*.mail.example.org"}, .begins = now - since, .ends = now + left}};
}

Finding first(std::chrono::seconds since, std::chrono::seconds left) {
    return judge_certificates({certificate(since, left)}, "mx.example.org", now).front();
}

TEST(Certificates, AreJudgedByTheirDates) {
    EXPECT_EQ(first(24h, std::chrono::days(14)),
              (Finding{Severity::fine,
                       "certificate /c.pem: for mx.example.org, *.mail.example.org, until 2026-12-14"}));
    EXPECT_EQ(first(24h, std::chrono::days(14) - 1s).severity, Severity::advice);
    EXPECT_EQ(first(24h, 1s).severity, Severity::advice);
    const Finding ended = first(24h, 0s);
    EXPECT_EQ(ended.severity, Severity::hurts);
    EXPECT_THAT(ended.text,
                StartsWith("Renew the certificate in /c.pem (certbot renew): it ended on 2026-11-30"));
    EXPECT_EQ(first(-1s, std::chrono::days(90)).severity, Severity::hurts) << "not yet";
}

TEST(Certificates, OneHasTheNameOfTheGreeting) {
    const std::vector<CertificateFile> good{certificate(24h, std::chrono::days(60))};
    for (const char* name : {"mx.example.org", "MX.example.ORG", "a.mail.example.org"})
        EXPECT_EQ(judge_certificates(good, name, now).size(), 1U) << name;
    for (const char* name : {"example.org", "a.b.mail.example.org", "mail.example.org"}) {
        const Findings findings = judge_certificates(good, name, now);
        ASSERT_EQ(findings.size(), 2U) << name;
        EXPECT_EQ(findings[1].severity, Severity::advice);
        EXPECT_THAT(findings[1].text, StartsWith(std::string("Get a certificate for ") + name));
    }
    EXPECT_TRUE(judge_certificates({}, "mx.example.org", now).empty());
}

}  // namespace
}  // namespace sluice::app
