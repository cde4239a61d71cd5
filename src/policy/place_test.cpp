#include "policy/place.hpp"

#include <gtest/gtest.h>

namespace sluice::policy {
namespace {

TEST(Place, Names) {
    const Place known{.asn = 64'500, .country = {'D', 'E'}};
    EXPECT_EQ(asn_name(known), "AS64500");
    EXPECT_EQ(country_name(known), "DE");
    EXPECT_EQ(asn_name({}), "");
    EXPECT_EQ(country_name({}), "");
    EXPECT_EQ(asn_name({.asn = 4'294'967'295}), "AS4294967295");
}

TEST(Place, NamesAreRead) {
    EXPECT_EQ(parse_place("AS64500"), Place{.asn = 64'500});
    EXPECT_EQ(parse_place("as1"), Place{.asn = 1});
    EXPECT_EQ(parse_place("DE"), (Place{.country = {'D', 'E'}}));
    EXPECT_EQ(parse_place("as"), (Place{.country = {'A', 'S'}})) << "American Samoa";
}

TEST(Place, WhatIsNoNameIsNone) {
    for (const char* text : {"", "D", "DEU", "D3", "AS0", "AS-1", "AS 1", "AS4294967296", "64500",
                             "192.0.2.7", "2001:db8::", "\xc3\xa4"})
        EXPECT_FALSE(parse_place(text)) << text;
}

TEST(Place, RegistersWriteCountriesInCapitals) {
    EXPECT_EQ(country_code("DE"), (CountryCode{'D', 'E'}));
    for (const char* text : {"", "de", "D", "DEU", "D\"", "D "})
        EXPECT_FALSE(country_code(text)) << text;
    EXPECT_FALSE(country_code({"D\0", 2}));
}

}  // namespace
}  // namespace sluice::policy
