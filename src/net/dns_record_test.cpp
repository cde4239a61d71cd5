#include "net/dns_record.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace sluice::net {
namespace {

/// A message about "x." that claims to have `answers` answers, with authority records of these types.
std::vector<unsigned char> message(unsigned char answers, const std::vector<unsigned char>& authorities) {
    std::vector<unsigned char> octets{
        0, 1, 0x80, 0,   0, 1, 0, answers, 0, static_cast<unsigned char>(authorities.size()),
        0, 0, 1,    'x', 0, 0, 1, 0,       1};
    for (const unsigned char type : authorities)
        octets.insert(octets.end(), {0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, 2, 0xc0, 12});
    return octets;
}

constexpr unsigned char ns = 2;
constexpr unsigned char soa = 6;
constexpr unsigned char txt = 16;

TEST(DnsRecord, AReferralNamesServersAndSaysNeitherYesNorNo) {
    EXPECT_TRUE(is_referral(message(0, {ns})));
    EXPECT_TRUE(is_referral(message(0, {ns, ns})));
    EXPECT_TRUE(is_referral(message(0, {txt, ns})));
    EXPECT_FALSE(is_referral(message(0, {}))) << "some say no in no words";
    EXPECT_FALSE(is_referral(message(0, {soa}))) << "a no";
    EXPECT_FALSE(is_referral(message(0, {ns, soa}))) << "a no, with the servers that know";
    EXPECT_FALSE(is_referral(message(1, {ns})));
}

TEST(DnsRecord, WhatIsCutOffIsNoReferral) {
    const std::vector<unsigned char> whole = message(0, {ns, ns});
    for (std::size_t octets = 0; octets < whole.size(); ++octets)
        EXPECT_FALSE(is_referral(std::span(whole).first(octets))) << octets;
    std::vector<unsigned char> endless = message(0, {});
    endless[5] = 2;  // questions
    EXPECT_FALSE(is_referral(endless));
}

}  // namespace
}  // namespace sluice::net
