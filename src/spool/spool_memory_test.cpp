#include "spool/spool_memory.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <string>

#include "net/loop.hpp"

namespace sluice::spool {
namespace {

constexpr std::size_t chunk = SpoolMemory::chunk_octets;

std::string joined(const SpoolChunks& chunks) {
    std::string all;
    for (const std::string_view part : chunks.parts())
        all += part;
    return all;
}

class SpoolMemoryTest : public testing::Test {
  protected:
    net::Loop loop_;
    SpoolMemory memory_{loop_, 3 * chunk + 1};
};

TEST_F(SpoolMemoryTest, GivesOutWholeChunksUpToTheLimit) {
    char* const first = memory_.take();
    char* const second = memory_.take();
    char* const third = memory_.take();
    ASSERT_NE(third, nullptr);
    EXPECT_EQ(memory_.take(), nullptr);
    EXPECT_EQ(memory_.taken(), 3U);
    memory_.give_back(second);
    EXPECT_EQ(memory_.take(), second) << "not kept for the next";
    EXPECT_EQ(memory_.take(), nullptr);
    for (char* one : {first, second, third})
        memory_.give_back(one);
    EXPECT_EQ(memory_.taken(), 0U);
}

TEST_F(SpoolMemoryTest, HasNoneWhenTheLimitIsLessThanAChunk) {
    for (const std::uint64_t limit : {std::uint64_t{0}, std::uint64_t{chunk - 1}}) {
        SpoolMemory none{loop_, limit};
        EXPECT_EQ(none.take(), nullptr);
        SpoolChunks chunks;
        EXPECT_EQ(chunks.append(none, "abc"), "abc");
        EXPECT_TRUE(chunks.empty());
    }
}

TEST_F(SpoolMemoryTest, ChunksHoldWhatFitsAndReturnTheRest) {
    for (const std::size_t size :
         {std::size_t{1}, chunk - 1, chunk, chunk + 1, 3 * chunk, 3 * chunk + 1, 5 * chunk}) {
        for (const std::size_t piece : {std::size_t{65'536}, chunk + 7, 5 * chunk}) {
            std::string text(size, 'x');
            for (std::size_t at = 0; at < size; at += 1000)
                text[at] = static_cast<char>('a' + at / 1000 % 26);
            SpoolChunks chunks;
            std::string rest;
            for (std::size_t at = 0; at < size; at += piece)
                rest += chunks.append(memory_, std::string_view{text}.substr(at, piece));
            EXPECT_EQ(chunks.octets(), std::min(size, 3 * chunk));
            EXPECT_EQ(rest.size(), size - chunks.octets());
            EXPECT_TRUE(joined(chunks) + rest == text) << size << " by " << piece;
        }
        EXPECT_EQ(memory_.taken(), 0U) << "not given back";
    }
}

TEST_F(SpoolMemoryTest, ReturnsToTheKernelWhatNobodyHasWantedForAWhile) {
    net::TimerWheel& timers = loop_.timers();
    Instant now = loop_.now();
    const auto wait = [&] { timers.advance(now += SpoolMemory::kept_time + Millis{100}); };
    {
        SpoolChunks all;
        EXPECT_EQ(all.append(memory_, std::string(3 * chunk, 'x')), "");
    }
    EXPECT_EQ(memory_.kept(), 3U);
    wait();
    EXPECT_EQ(memory_.kept(), 3U) << "they were wanted a moment before";
    memory_.give_back(memory_.take());
    wait();
    EXPECT_EQ(memory_.kept(), 1U) << "one was wanted meanwhile";
    wait();
    EXPECT_EQ(memory_.kept(), 0U);
    EXPECT_FALSE(loop_.timers().until_next(now) < SpoolMemory::kept_time) << "nothing is left to wait for";
}

}  // namespace
}  // namespace sluice::spool
