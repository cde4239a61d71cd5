#include "relay/received.hpp"

#include <gtest/gtest.h>

namespace sluice::relay {
namespace {

using std::chrono::system_clock;

const system_clock::time_point moment{std::chrono::seconds{1'763'690'760}};

smtp::ClientIdentity client(const char* address, const char* name, const char* helo, bool esmtp) {
    return {IpAddress::parse(address).value_or(IpAddress()), 50000, name, helo, esmtp};
}

TEST(Received, NamesTheClient) {
    EXPECT_EQ(received_header(client("192.0.2.7", "name.example", "helo.example", true), "SIZE=1", "our.host",
                              moment),
              "Received: from helo.example (name.example [192.0.2.7])\r\n"
              "\tby our.host with ESMTP; Fri, 21 Nov 2025 02:06:00 +0000\r\n");
    EXPECT_EQ(received_header(client("2001:db8::7", "", "[IPv6:2001:db8::7]", false), "", "our.host", moment),
              "Received: from [IPv6:2001:db8::7] ([IPv6:2001:db8::7])\r\n"
              "\tby our.host with SMTP; Fri, 21 Nov 2025 02:06:00 +0000\r\n");
    EXPECT_EQ(
        received_header(client("192.0.2.7", "", "", true), "BODY=8BITMIME smtputf8", "our.host", moment),
        "Received: from unknown ([192.0.2.7])\r\n"
        "\tby our.host with UTF8SMTP; Fri, 21 Nov 2025 02:06:00 +0000\r\n");
}

TEST(Received, TellsOfTls) {
    smtp::ClientIdentity over_tls = client("192.0.2.7", "", "h", true);
    over_tls.tls = {.version = "TLSv1.3", .cipher = "TLS_AES_256_GCM_SHA384", .bits = 256};
    EXPECT_EQ(received_header(over_tls, "", "our.host", moment),
              "Received: from h ([192.0.2.7])\r\n"
              "\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256 bits))\r\n"
              "\tby our.host with ESMTPS; Fri, 21 Nov 2025 02:06:00 +0000\r\n");
    EXPECT_TRUE(received_header(over_tls, "SMTPUTF8", "our.host", moment).contains(" with UTF8SMTPS; "));
}

TEST(Received, CannotBeForged) {
    EXPECT_EQ(received_header(client("192.0.2.7", "a) b", "x (y)\r\nSubject: z;\\\"<>@", true), "",
                              "our.host", moment),
              "Received: from x??y???Subject:?z?????? (a??b [192.0.2.7])\r\n"
              "\tby our.host with ESMTP; Fri, 21 Nov 2025 02:06:00 +0000\r\n");
}

TEST(Received, IsBounded) {
    const std::string fits(255, 'x');  // name_octets_max
    for (const std::string& name : {fits, fits + "y", std::string(2000, 'x')}) {
        const std::string header =
            received_header(client("192.0.2.7", name.c_str(), name.c_str(), true), "", "our.host", moment);
        EXPECT_TRUE(header.starts_with("Received: from " + fits + " (" + fits + " [192.0.2.7])\r\n"));
        EXPECT_LT(header.find('\n'), 998U);
    }
}

TEST(Received, HasADateOfTwoDigits) {
    const system_clock::time_point new_year{std::chrono::seconds{1'704'067'200}};
    EXPECT_TRUE(received_header(client("192.0.2.7", "", "h", true), "", "o", new_year)
                    .ends_with("; Mon, 01 Jan 2024 00:00:00 +0000\r\n"));
}

}  // namespace
}  // namespace sluice::relay
