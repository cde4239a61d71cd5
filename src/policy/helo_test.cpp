#include "policy/helo.hpp"

#include <gtest/gtest.h>
#include <string>

namespace sluice::policy {
namespace {

IpAddress address(std::string_view text) {
    return IpAddress::parse(text).value();
}

TEST(Helo, Table) {
    const HeloFacts v4{address("192.0.2.7"), "mx.example.test", address("198.51.100.25")};
    const HeloFacts v6{address("2001:db8::7"), "mx.example.test", address("2001:db8::25")};
    const HeloFacts ourselves{address("198.51.100.25"), "mx.example.test", address("198.51.100.25")};
    const HeloFacts local{address("127.0.0.1"), "mx.example.test", address("127.0.0.1")};
    const HeloFacts behind{address("192.0.2.7"), "mx.example.test", address("127.0.0.1")};  // a proxy here
    using enum SignalId;
    struct Case {
        const HeloFacts& facts;
        std::string argument;
        std::optional<SignalId> sign;
    };
    const std::string label(63, 'a');                                               // label_octets_max
    const std::string long_name = label + '.' + label + '.' + label + '.' + label;  // name_octets_max: 255
    const std::string too_long = long_name.substr(0, 253) + ".aa";                  // of labels that fit
    const Case cases[] = {
        // a name
        {v4, "mail.example.org", {}},
        {v4, "MAIL.Example.ORG", {}},
        {v4, "example.org", {}},
        {v4, "mail.example.org.", {}},
        {v4, "my_host.example.org", {}},
        {v4, "_spf.example.org", {}},
        {v4, "1and1.example.org", {}},
        {v4, "xn--bcher-kva.example", {}},
        {v4, "a.b", {}},
        {v4, "other.mx.example.test", {}},
        {v4, label + ".example", {}},
        {v4, long_name, {}},
        {v4, long_name + '.', {}},
        // a bare word
        {v4, "localhost", helo_bare},
        {v4, "WIN-8GKL2", helo_bare},
        {v4, "x", helo_bare},
        {v4, "x.", helo_bare},
        // bad syntax
        {v4, "", helo_syntax},
        {v4, ".", helo_syntax},
        {v4, "..", helo_syntax},
        {v4, ".example.org", helo_syntax},
        {v4, "mail..example.org", helo_syntax},
        {v4, "mail.example.org..", helo_syntax},
        {v4, "-mail.example.org", helo_syntax},
        {v4, "mail-.example.org", helo_syntax},
        {v4, "mail.example.org extra", helo_syntax},
        {v4, "mail,example,org", helo_syntax},
        {v4, "user@example.org", helo_syntax},
        {v4, "<example.org>", helo_syntax},
        {v4, "[mail.example.org]", helo_syntax},
        {v4, label + "a.example", helo_syntax},
        {v4, long_name + "a", helo_syntax},
        {v4, too_long, helo_syntax},
        {v4, "192.0.2.7", helo_syntax},
        {v4, "2001:db8::7", helo_syntax},
        {v4, "[192.0.2.7", helo_syntax},
        {v4, "192.0.2.7]", helo_syntax},
        {v4, "[]", helo_syntax},
        {v4, "[", helo_syntax},
        {v4, "[192.0.2.256]", helo_syntax},
        {v6, "[2001:db8::7]", helo_syntax},
        {v4, "[IPv6:192.0.2.7]", helo_syntax},
        // literals
        {v4, "[192.0.2.7]", helo_literal},
        {v6, "[IPv6:2001:db8::7]", helo_literal},
        {v6, "[ipv6:2001:DB8:0::7]", helo_literal},
        {v4, "[IPv6:::ffff:192.0.2.7]", helo_literal},
        {v4, "[127.0.0.1]", helo_loopback_literal},
        {v4, "[127.0.1.1]", helo_loopback_literal},
        {v4, "[127.255.255.255]", helo_loopback_literal},
        {v4, "[126.255.255.255]", helo_wrong_literal},
        {v4, "[128.0.0.0]", helo_wrong_literal},
        {v4, "[IPv6:::1]", helo_loopback_literal},
        {v4, "[IPv6:::2]", helo_wrong_literal},
        {v6, "[127.0.0.1]", helo_loopback_literal},
        {behind, "[127.0.0.1]", helo_loopback_literal},
        {v4, "[192.0.2.8]", helo_wrong_literal},
        {v4, "[10.0.0.1]", helo_wrong_literal},
        {v6, "[IPv6:2001:db8::8]", helo_wrong_literal},
        {v6, "[192.0.2.7]", helo_wrong_literal},
        // ours
        {v4, "mx.example.test", helo_ours},
        {v4, "MX.EXAMPLE.TEST.", helo_ours},
        {v4, "[198.51.100.25]", helo_ours},
        {v6, "[IPv6:2001:db8::25]", helo_ours},
        {v4, "example.test", {}},
        {ourselves, "mx.example.test", {}},
        {ourselves, "[198.51.100.25]", helo_literal},
        {local, "mx.example.test", {}},
        {local, "[127.0.0.1]", helo_literal},
    };
    for (const Case& c : cases) {
        const auto sign = judge_helo(c.argument, c.facts);
        EXPECT_EQ(sign, c.sign) << '"' << c.argument << "\" from " << c.facts.client.to_string() << ": "
                                << (sign ? row_of(*sign).name : "nothing");
        const bool names_a_host = !c.sign || (*c.sign == helo_ours && c.argument[0] != '[');
        EXPECT_EQ(is_full_name(c.argument), names_a_host) << c.argument;
    }
}

}  // namespace
}  // namespace sluice::policy
