#include "net/certificate.hpp"

#include <chrono>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdexcept>

#include "net/testing/test_certificates.hpp"
#include "net/tls_client.hpp"

namespace sluice::net {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

class CertificateFile : public testing::Test, protected TestCertificates {
  protected:
    std::string write(const std::string& name, const std::string& text) {
        const std::string path = directory + "/" + name;
        std::ofstream(path) << text;
        return path;
    }

    const std::string directory =
        std::filesystem::path(chain_file("whole.pem", "DNS:MX.example.org,DNS:*.b.example"))
            .parent_path()
            .string();
    const std::string whole = directory + "/whole.pem";
};

TEST_F(CertificateFile, TellsNamesAndDates) {
    const CertificateFacts facts = read_certificate(whole);
    EXPECT_THAT(facts.names, ElementsAre("mx.example.org", "*.b.example"));
    EXPECT_EQ(facts.ends - facts.begins, 1h);
    const auto now = std::chrono::system_clock::now();
    EXPECT_LE(facts.begins, now);
    EXPECT_GT(facts.ends, now);
}

TEST_F(CertificateFile, WhatElseItHoldsIsTold) {
    const std::string request = write("request.pem", "-----BEGIN CERTIFICATE REQUEST-----\nAA\n");
    EXPECT_EQ(pem_contents(request), ", but CERTIFICATE REQUEST");
    EXPECT_EQ(pem_contents(write("text.pem", "hello")), ", nor anything else in that form (is it DER?)");
    EXPECT_EQ(pem_contents(write("empty.pem", "")), ": it is empty");
    EXPECT_EQ(pem_contents(whole), ", but PRIVATE KEY, CERTIFICATE");
    EXPECT_EQ(pem_contents(write("open.pem", "-----BEGIN ")),
              ", nor anything else in that form (is it DER?)");
    EXPECT_THROW((void)read_certificate(request), std::runtime_error);
    EXPECT_THROW((void)read_certificate(directory + "/none.pem"), std::runtime_error);
}

std::string fault_of(const TlsClientOptions& options) {
    try {
        const TlsClientContext context(options);
        return "";
    } catch (const std::runtime_error& error) {
        return error.what();
    }
}

TEST_F(CertificateFile, OneThatIsOursHasToHoldTheKeyToo) {
    const std::string text = write("text.pem", "hello");
    EXPECT_EQ(fault_of({.chain_file = whole}), "");
    EXPECT_THAT(
        fault_of({.chain_file = text}),
        HasSubstr("it is to hold a certificate and its private key in PEM form, both in this one file"));
    EXPECT_THAT(fault_of({.chain_file = directory + "/none.pem"}), HasSubstr("No such file or directory"));
    EXPECT_THAT(fault_of({.trust = TlsTrust::name, .ca_file = text}),
                HasSubstr("it holds no certificate in PEM form, nor anything else"));
}

TEST(CertificateName, AnAsteriskIsOneLabel) {
    EXPECT_TRUE(is_for("mx.example.org", "mx.example.org"));
    EXPECT_TRUE(is_for("*.example.org", "mx.example.org"));
    for (const char* name : {"example.org", "a.mx.example.org", ".example.org", "mx.example.net"})
        EXPECT_FALSE(is_for("*.example.org", name)) << name;
}

}  // namespace
}  // namespace sluice::net
