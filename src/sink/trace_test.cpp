#include "sink/trace.hpp"

#include <gtest/gtest.h>

namespace sluice::sink {
namespace {

const auto time_of_test = std::chrono::system_clock::from_time_t(1'795'222'923);

smtp::ClientIdentity client() {
    return {.address = IpAddress::v4({192, 0, 2, 1}),
            .port = 4711,
            .name = "mail.example.org",
            .helo = "helo.example.org",
            .esmtp = true};
}

TEST(Trace, NamesSenderRecipientsAndTheClient) {
    const smtp::Envelope envelope{"a@example.org", "", {{"b@example.com", ""}, {"c@example.com", ""}}};
    EXPECT_EQ(trace_fields(client(), envelope, "sink", "id1", time_of_test),
              "Return-Path: <a@example.org>\n"
              "X-Original-To: b@example.com\n"
              "X-Original-To: c@example.com\n"
              "Received: from helo.example.org (mail.example.org [192.0.2.1])\n"
              "\tby sink (Sluice sink) with ESMTP id id1;\n"
              "\tSat, 21 Nov 2026 01:02:03 +0000\n");
}

TEST(Trace, ANullSenderAndAnUnknownIpv6Client) {
    smtp::ClientIdentity nobody;
    nobody.address = IpAddress::v6({0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
    EXPECT_EQ(trace_fields(nobody, {"", "", {{"b", ""}}}, "sink", "id1", time_of_test),
              "Return-Path: <>\n"
              "X-Original-To: b\n"
              "Received: from unknown (unknown [IPv6:2001:db8::1])\n"
              "\tby sink (Sluice sink) with SMTP id id1;\n"
              "\tSat, 21 Nov 2026 01:02:03 +0000\n");
}

TEST(Trace, NothingAClientSaysEndsALine) {
    smtp::ClientIdentity hostile = client();
    hostile.helo = "x\r\nInjected: 1";
    hostile.name = std::string("n\0n", 3);
    const std::string fields =
        trace_fields(hostile, {"a\nb@c", "", {{"d\re", ""}}}, "sink", "id1", time_of_test);
    EXPECT_NE(fields.find("Return-Path: <a?b@c>\n"), std::string::npos);
    EXPECT_NE(fields.find("X-Original-To: d?e\n"), std::string::npos);
    EXPECT_NE(fields.find("from x??Injected: 1 (n?n [192.0.2.1])\n"), std::string::npos);
}

}  // namespace
}  // namespace sluice::sink
