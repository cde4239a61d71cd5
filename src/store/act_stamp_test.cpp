#include "store/act_stamp.hpp"

#include <gtest/gtest.h>

namespace sluice::store {
namespace {

constexpr WallMillis said = 1'764'549'333'123;

TEST(ActStamp, ComesBack) {
    EXPECT_EQ(stamp_act("reject root spam all night", said), "reject root@1764549333123 spam all night");
    for (const char* text : {"reject root spam all night", "fast root", "slow an@other why @1", "forgotten -",
                             "reject root@1764549333124 twice"})
        EXPECT_EQ(read_act_stamp(stamp_act(text, said)), (StampedAct{text, said})) << text;
    EXPECT_EQ(read_act_stamp(stamp_act("odd", said)), (StampedAct{"odd -", said}));
}

TEST(ActStamp, WhatARecordCannotHoldIsCutOffTheReason) {
    const std::string longest = "reject root " + std::string(value_octets_max - 12, 'x');
    EXPECT_EQ(stamp_act(longest, said).size(), value_octets_max);
    EXPECT_EQ(read_act_stamp(stamp_act(longest, said)),
              (StampedAct{longest.substr(0, longest.size() - 14), said}));
    EXPECT_EQ(stamp_act("odd", said).size(), 3 + act_stamp_octets_max);
}

TEST(ActStamp, WhatIsNoneStays) {
    for (const char* text :
         {"", "reject", "reject root", "reject root@176454933312 x", "reject root@17645493331234",
          "reject ro@t76454933312x", "reject 1764549333123 x", "a @176454933312"})
        EXPECT_EQ(read_act_stamp(text), (StampedAct{text, 0})) << text;
}

}  // namespace
}  // namespace sluice::store
