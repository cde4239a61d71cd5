#include "store/shelf.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "store/live_counts.hpp"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

constexpr WallMillis now = 1'700'000'000'000;

Record counted(std::uint32_t events) {
    std::optional<Record> record;
    apply({.verb = Verb::count, .key = "k", .term = 60s, .counts = {events}}, record, now);
    return *record;
}

TEST(Shelf, ForgetsWhatHasExpired) {
    Shelf shelf(10, 1);
    shelf.put("a", counted(1), now);
    EXPECT_NE(shelf.find("a", now + 59'999), nullptr);
    EXPECT_EQ(shelf.find("a", now + 60'000), nullptr);
    shelf.erase("a");
    shelf.erase("a");
    EXPECT_TRUE(shelf.records().empty());
}

TEST(Shelf, FloodOfStrangersPushesOutStrangers) {
    constexpr std::size_t room = 1000;
    constexpr unsigned regulars = 100;
    Shelf shelf(room, 7);
    for (unsigned i = 0; i < regulars; ++i)
        shelf.put(fmt::format("regular/{}", i), counted(20), now);
    for (unsigned i = 0; i < 1'000'000; ++i) {
        shelf.put(fmt::format("stranger/{}", i), counted(1), now);
        ASSERT_LE(shelf.records().size(), room);
    }
    for (unsigned i = 0; i < regulars; ++i)
        EXPECT_NE(shelf.find(fmt::format("regular/{}", i), now), nullptr) << i;
}

TEST(Shelf, RoomForOne) {
    Shelf shelf(1, 1);
    shelf.put("a", counted(9), now);
    shelf.put("b", counted(1), now);
    EXPECT_EQ(shelf.records().size(), 1U);
    EXPECT_NE(shelf.find("b", now), nullptr) << "what is new is there first, whatever it is worth";
}

TEST(LiveCounts, AreOfAllHoldersAndGoWithTheirs) {
    LiveCounts counts(10);
    LiveCounts::Held one, other;
    EXPECT_EQ(counts.hold(one, "a", 1), 1U);
    EXPECT_EQ(counts.hold(other, "a", 2), 3U);
    EXPECT_EQ(counts.hold(one, "a", -1), 2U);
    EXPECT_EQ(counts.hold(one, "a", -5), 2U) << "nobody gives back what others hold";
    EXPECT_EQ(counts.hold(one, "a", 1), 3U);
    EXPECT_EQ(counts.hold(one, "a", 0), 3U);
    counts.release(other);
    EXPECT_EQ(counts.count("a"), 1U);
    counts.release(one);
    EXPECT_EQ(counts.count("a"), 0U);
    EXPECT_EQ(counts.keys(), 0U);
}

TEST(LiveCounts, KeysAreBounded) {
    LiveCounts counts(2);
    LiveCounts::Held held;
    EXPECT_EQ(counts.hold(held, "a", 1), 1U);
    EXPECT_EQ(counts.hold(held, "b", 1), 1U);
    EXPECT_EQ(counts.hold(held, "c", 1), 0U);
    EXPECT_EQ(counts.hold(held, "a", 1), 2U);
    EXPECT_EQ(counts.hold(held, "b", -1), 0U);
    EXPECT_EQ(counts.hold(held, "c", 1), 1U);
}

}  // namespace
}  // namespace sluice::store
