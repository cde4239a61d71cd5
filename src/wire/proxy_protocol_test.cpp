#include "wire/proxy_protocol.hpp"

#include <gtest/gtest.h>
#include <string>

namespace sluice::wire {
namespace {

using Status = ProxyDecoded::Status;
using Fault = ProxyDecoded::Fault;

const std::string signature("\r\n\r\n\0\r\nQUIT\n", 12);

std::string v2(std::string_view head, std::string_view body) {
    std::string out = signature;
    out += head;
    out += static_cast<char>(body.size() >> 8U);
    out += static_cast<char>(body.size() & 0xffU);
    out += body;
    return out;
}

const std::string v4_body("\xc0\x00\x02\x07\x7f\x00\x00\x01\xc3\x50\x00\x19", 12);

ProxyAddresses addresses(const char* source, const char* destination) {
    return {IpAddress::parse(source).value_or(IpAddress()),
            IpAddress::parse(destination).value_or(IpAddress()), 50000, 25};
}

TEST(ProxyV2Header, IsWrittenAsSpecified) {
    EXPECT_EQ(proxy_v2_header(addresses("192.0.2.7", "127.0.0.1")), v2("\x21\x11", v4_body));
}

TEST(ProxyV2Header, TellsOfTls) {
    const ProxyAddresses both = addresses("192.0.2.7", "127.0.0.1");
    const std::string header = proxy_v2_header(both, ProxyTls{.version = "TLSv1.3", .cipher = "AES"});
    const std::string names = std::string("\x21\0\x07TLSv1.3\x23\0\x03", 13) + "AES";
    EXPECT_EQ(header, v2("\x21\x11", v4_body + std::string("\x20\0\x15\x01\0\0\0\x01", 8) + names));
    EXPECT_EQ(decode_proxy_header(header), (ProxyDecoded{Status::done, header.size(), both}));
}

TEST(ProxyV2Header, MayBeAboutNobody) {
    const std::string header = proxy_v2_local_header();
    EXPECT_EQ(decode_proxy_header(header), (ProxyDecoded{Status::done, header.size(), std::nullopt, true}));
}

TEST(ProxyV2Header, IsReadBack) {
    for (const auto& [source, destination] : {std::pair{"192.0.2.7", "127.0.0.1"},
                                              {"2001:db8::7", "::1"},
                                              {"192.0.2.7", "::1"},
                                              {"2001:db8::7", "127.0.0.1"}}) {
        const std::string header = proxy_v2_header(addresses(source, destination));
        const ProxyDecoded decoded = decode_proxy_header(header + "EHLO");
        EXPECT_EQ(decoded, (ProxyDecoded{Status::done, header.size(), addresses(source, destination)}))
            << source;
    }
}

struct HeaderCase {
    std::string header;
    ProxyDecoded decoded;
};

class ProxyHeaders : public testing::TestWithParam<HeaderCase> {};

ProxyDecoded done(const std::string& header, const std::optional<ProxyAddresses>& who = std::nullopt) {
    return {Status::done, header.size(), who};
}

TEST_P(ProxyHeaders, AreReadWhole) {
    EXPECT_EQ(decode_proxy_header(GetParam().header), GetParam().decoded);
}

TEST_P(ProxyHeaders, AreNeverDecidedOtherwiseByAPart) {
    const std::string& header = GetParam().header;
    const Status status = GetParam().decoded.status;
    for (std::size_t size = 0; size < header.size(); ++size) {
        const ProxyDecoded part = decode_proxy_header(std::string_view(header).substr(0, size));
        if (status != Status::malformed) {
            EXPECT_EQ(part.status, Status::more) << size;
        } else {
            EXPECT_NE(part.status, Status::done) << size;
        }
    }
}

HeaderCase good(const std::string& header, const std::optional<ProxyAddresses>& who = std::nullopt) {
    return {header, done(header, who)};
}

HeaderCase local(const std::string& header) {
    return {header, {Status::done, header.size(), std::nullopt, true}};
}

HeaderCase bad(const std::string& header, Fault fault = Fault::broken) {
    return {header, {Status::malformed, 0, std::nullopt, false, fault}};
}

INSTANTIATE_TEST_SUITE_P(
    Table, ProxyHeaders,
    testing::Values(
        good("PROXY TCP4 192.0.2.7 127.0.0.1 50000 25\r\n", addresses("192.0.2.7", "127.0.0.1")),
        good("PROXY TCP6 2001:db8::7 ::1 50000 25\r\n", addresses("2001:db8::7", "::1")),
        good("PROXY UNKNOWN\r\n"), good("PROXY UNKNOWN ffff:: ffff:: 65535 65535\r\n"),
        bad("PROXY TCP4 192.0.2.7 127.0.0.1 50000\r\n"), bad("PROXY TCP4 192.0.2.7 127.0.0.1 50000 25 1\r\n"),
        bad("PROXY TCP4 192.0.2.7 127.0.0.1 50000 65536\r\n"),
        bad("PROXY TCP4 192.0.2.7 127.0.0.1 050 25\r\n"), bad("PROXY TCP4 192.0.2.7  127.0.0.1 50000 25\r\n"),
        bad("PROXY TCP4 2001:db8::7 ::1 50000 25\r\n", Fault::mixed_families),
        bad("PROXY TCP6 192.0.2.7 127.0.0.1 50000 25\r\n", Fault::mixed_families),
        bad("PROXY TCP4 192.0.2.7 ::1 50000 25\r\n", Fault::mixed_families),
        bad("PROXY TCP6 2001:db8::7 127.0.0.1 50000 25\r\n", Fault::mixed_families),
        bad("PROXY TCP6 192.0.2.7 ::1 50000 25\r\n", Fault::mixed_families),
        good("PROXY TCP6 ::ffff:192.0.2.7 ::1 50000 25\r\n", addresses("192.0.2.7", "::1")),
        bad("Proxy TCP4 192.0.2.7 127.0.0.1 50000 25\r\n", Fault::missing),
        bad("\x16\x03\x01", Fault::missing), bad("PROXY UDP4 192.0.2.7 127.0.0.1 50000 25\r\n"),
        bad("PROXY \r\n"), bad("EHLO client.example\r\n", Fault::missing),
        good("PROXY UNKNOWN" + std::string(92, ' ') + "\r\n"),  // v1_octets_max: 107, with the line end
        bad("PROXY UNKNOWN" + std::string(93, ' ') + "\r\n"),
        HeaderCase{"PROXY UNKNOWN" + std::string(93, ' '), {}}, bad("PROXY UNKNOWN" + std::string(94, ' ')),
        bad("PROXY UNKNOWN" + std::string(120, ' ')),
        good(v2("\x21\x11", v4_body), addresses("192.0.2.7", "127.0.0.1")),
        good(v2("\x21\x11", v4_body + std::string("\x04\x00\x03"
                                                  "abc\x05\x00\x00",
                                                  9)),
             addresses("192.0.2.7", "127.0.0.1")),
        local(v2(std::string_view("\x20\x00", 2), "")), local(v2("\x20\x11", v4_body)),
        local(v2("\x20\x11", "x")), good(v2(std::string_view("\x21\x00", 2), "whatever")),
        good(v2("\x21\x31", std::string(216, 'u'))), bad(v2("\x21\x11", v4_body.substr(0, 11))),
        bad(v2("\x21\x21", std::string(35, 'x'))), bad(v2("\x21\x12", v4_body)), bad(v2("\x31\x11", v4_body)),
        bad(v2("\x22\x11", v4_body)), bad(v2("\x21\x11", v4_body + std::string("\x04\x00", 2))),
        bad(v2("\x21\x11", v4_body + std::string("\x04\x00\x04"
                                                 "abc",
                                                 6))),
        local(v2("\x20\x11", std::string(proxy_header_octets_max - 16, 'x'))),
        bad(v2("\x20\x11", std::string(proxy_header_octets_max - 15, 'x')))));

}  // namespace
}  // namespace sluice::wire
