#include "front/health_check.hpp"

#include <gtest/gtest.h>
#include <string>
#include <string_view>

namespace sluice::front {
namespace {

const net::Endpoint balancer{*IpAddress::parse("192.0.2.9"), 40'000};

struct HeaderCase {
    std::string_view header;
    HealthCheck check;
};

TEST(HealthCheck, IsToldApartByTheHeader) {
    using std::string_view_literals::operator""sv;
    const HeaderCase cases[] = {
        {"PROXY TCP4 198.51.100.7 192.0.2.25 40000 25\r\n", HealthCheck::none},
        {"PROXY TCP4 192.0.2.9 192.0.2.25 40000 25\r\n", HealthCheck::itself},
        {"PROXY TCP6 ::ffff:192.0.2.9 2001:db8::25 40000 25\r\n", HealthCheck::itself},
        {"PROXY TCP4 192.0.2.9 192.0.2.25 40001 25\r\n", HealthCheck::none},  // a client on the balancer
        {"PROXY TCP4 192.0.2.10 192.0.2.25 40000 25\r\n", HealthCheck::none},
        {"PROXY UNKNOWN\r\n", HealthCheck::unnamed},
        {"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"sv, HealthCheck::local},
        {"\r\n\r\n\0\r\nQUIT\n\x21\0\0\0"sv, HealthCheck::unnamed},
        {"\r\n\r\n\0\r\nQUIT\n\x20\x11\0\x0c\xc0\0\2\7\xc0\0\2\x19\x9c\x40\0\x19"sv, HealthCheck::local},
        {"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\2\x09\xc0\0\2\x19\x9c\x40\0\x19"sv, HealthCheck::itself},
        {"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\2\7\xc0\0\2\x19\x9c\x40\0\x19"sv, HealthCheck::none},
    };
    for (const HeaderCase& one : cases) {
        const auto header = wire::decode_proxy_header(one.header);
        ASSERT_EQ(header.status, wire::ProxyDecoded::Status::done) << one.header;
        EXPECT_EQ(health_check_of(header, balancer), one.check) << one.header;
    }
}

TEST(HealthCheck, MailIsPutOffWhereItMayBeAClients) {
    for (const HealthCheck check : {HealthCheck::silent, HealthCheck::unnamed, HealthCheck::local})
        EXPECT_EQ(no_mail_reply(check).code, 451) << name_of(check);
    for (const HealthCheck check : {HealthCheck::network, HealthCheck::itself})
        EXPECT_EQ(no_mail_reply(check).code, 554) << name_of(check);
}

TEST(ProxyFault, IsToldInWords) {
    using Fault = wire::ProxyDecoded::Fault;
    EXPECT_EQ(proxy_fault_of(Fault::missing), ProxyFault::missing);
    EXPECT_EQ(proxy_fault_of(Fault::mixed_families), ProxyFault::mixed_families);
    EXPECT_EQ(proxy_fault_of(Fault::broken), ProxyFault::broken);
    EXPECT_EQ(proxy_fault_reply(ProxyFault::mixed_families).text,
              "4.3.5 The PROXY header mixes IPv4 and IPv6");
    for (std::size_t i = 0; i < std::size(metric_values::proxy_faults); ++i)
        EXPECT_FALSE(reason_of(static_cast<ProxyFault>(i)).empty());
}

TEST(ProxyFaultNews, IsToldOnceInAWhileForEachKind) {
    ProxyFaultNews news;
    const Instant start{};
    EXPECT_TRUE(news.is_news(ProxyFault::missing, start));
    EXPECT_FALSE(news.is_news(ProxyFault::missing, start));
    EXPECT_TRUE(news.is_news(ProxyFault::late, start));
    EXPECT_FALSE(news.is_news(ProxyFault::missing, start + ProxyFaultNews::every - Millis{1}));
    EXPECT_TRUE(news.is_news(ProxyFault::missing, start + ProxyFaultNews::every));
    EXPECT_FALSE(news.is_news(ProxyFault::missing, start + ProxyFaultNews::every + Millis{1}));
}

}  // namespace
}  // namespace sluice::front
