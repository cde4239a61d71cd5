#include "smtp/ehlo_reply.hpp"

#include <gtest/gtest.h>

namespace sluice::smtp {
namespace {

TEST(EhloReply, HoldsWhatPostfixOffers) {
    const EhloReply ehlo = parse_ehlo_reply(
        "mx.internal.example\nPIPELINING\nSIZE 10240000\nVRFY\nETRN\nXCLIENT NAME ADDR PROTO "
        "HELO\nENHANCEDSTATUSCODES\n8BITMIME\nDSN\nSMTPUTF8\nCHUNKING");
    EXPECT_EQ(ehlo.host, "mx.internal.example");
    Offer offer = Offer::everything();
    offer.remove(Extension::requiretls).add(Extension::xclient).set_size_max(10'240'000);
    EXPECT_EQ(ehlo.offer, offer);
    EXPECT_EQ(ehlo.xclient, "NAME ADDR PROTO HELO");
}

TEST(EhloReply, IsReadWhateverItsCase) {
    const EhloReply ehlo = parse_ehlo_reply("mx at your service\npipelining\nsize\nXclient addr");
    EXPECT_EQ(ehlo.host, "mx");
    EXPECT_TRUE(ehlo.offer.has(Extension::pipelining));
    EXPECT_TRUE(ehlo.offer.has(Extension::size));
    EXPECT_EQ(ehlo.offer.size_max(), 0U);
    EXPECT_EQ(ehlo.xclient, "addr");
}

TEST(EhloReply, TakesNoGarbageForALimit) {
    for (const char* text :
         {"mx\nSIZE many", "mx\nSIZE 10x", "mx\nSIZE -1", "mx\nSIZE 99999999999999999999"}) {
        EXPECT_EQ(parse_ehlo_reply(text).offer.size_max(), 0U) << text;
    }
}

TEST(EhloReply, MayOfferNothing) {
    const EhloReply ehlo = parse_ehlo_reply("");
    EXPECT_EQ(ehlo.offer, Offer());
    EXPECT_EQ(ehlo.host, "");
}

struct ParametersCase {
    std::string_view given;
    std::uint16_t offered;
    bool carried;
    std::string_view written;
};

class Parameters : public testing::TestWithParam<ParametersCase> {};

TEST_P(Parameters, AreCarriedOrTheMtaIsUnfit) {
    const auto& [given, offered, carried, written] = GetParam();
    Offer offer;
    for (unsigned bit = 1; bit <= static_cast<unsigned>(Extension::requiretls); bit <<= 1U) {
        if ((offered & bit) != 0) offer.add(static_cast<Extension>(bit));
    }
    std::string out;
    EXPECT_EQ(append_parameters(given, offer, out), carried);
    if (carried) {
        EXPECT_EQ(out, written);
    }
}

constexpr auto size_bit = static_cast<std::uint16_t>(Extension::size);
constexpr auto body_bit = static_cast<std::uint16_t>(Extension::eight_bit_mime);
constexpr auto utf8_bit = static_cast<std::uint16_t>(Extension::smtputf8);
constexpr auto dsn_bit = static_cast<std::uint16_t>(Extension::dsn);
constexpr auto tls_bit = static_cast<std::uint16_t>(Extension::requiretls);

INSTANTIATE_TEST_SUITE_P(
    Table, Parameters,
    testing::Values(
        ParametersCase{"", 0, true, ""}, ParametersCase{"SIZE=1000", size_bit, true, " SIZE=1000"},
        ParametersCase{"SIZE=1000", 0, true, ""},
        ParametersCase{"size=1 BODY=8BITMIME", body_bit, true, " BODY=8BITMIME"},
        ParametersCase{"BODY=8BITMIME AUTH=<> SIZE=1", size_bit, true, " SIZE=1"},
        ParametersCase{"SMTPUTF8", utf8_bit, true, " SMTPUTF8"}, ParametersCase{"SMTPUTF8", 0, false, ""},
        ParametersCase{"RET=HDRS ENVID=a+2Bb", dsn_bit, true, " RET=HDRS ENVID=a+2Bb"},
        ParametersCase{"NOTIFY=NEVER ORCPT=rfc822;a", 0, true, ""},
        ParametersCase{"SIZE=9 RET=HDRS ENVID=a+2Bb BODY=7BIT", body_bit, true, " BODY=7BIT"},
        ParametersCase{"REQUIRETLS", tls_bit, true, " REQUIRETLS"},
        ParametersCase{"REQUIRETLS", 0, false, ""}, ParametersCase{"X-OTHER=1", 0, true, " X-OTHER=1"}));

}  // namespace
}  // namespace sluice::smtp
