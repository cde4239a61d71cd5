#include "net/process_memory.hpp"

#include <fcntl.h>
#include <sys/mman.h>

#include <cstring>
#include <gtest/gtest.h>

namespace sluice::net {
namespace {

constexpr std::size_t block = 128 << 20;

/// A block of memory that is resident while this object exists.
class Mapped {
  public:
    Mapped() : at_(::mmap(nullptr, block, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
        std::memset(at_, 1, block);
    }
    ~Mapped() { ::munmap(at_, block); }
    Mapped(const Mapped&) = delete;
    Mapped& operator=(const Mapped&) = delete;

  private:
    void* at_;
};

std::uint64_t resident() {
    const Fd statm{::open("/proc/self/statm", O_RDONLY | O_CLOEXEC)};
    return resident_octets(statm.get());
}

TEST(ProcessMemory, GrowsWithWhatIsUsed) {
    const std::uint64_t before = resident();
    EXPECT_GT(before, 0U);
    const Mapped more;
    EXPECT_GE(resident(), before + block * 9 / 10);
    EXPECT_EQ(resident_octets(-1), 0U);
}

TEST(MemoryWatch, TellsWhenItIsTightAndWhenNoLonger) {
    Loop loop;
    int changes = 0;
    // The limit is near the use with the block mapped, so that the tenth by which use has to fall again is
    // less than the block: under a sanitizer a process uses several times as much from the start.
    MemoryWatch watch(loop, resident() + block * 9 / 10, [&] { ++changes; });
    const auto until = [&](bool tight) {
        for (int turns = 0; turns < 100 && watch.tight() != tight; ++turns)
            loop.turn(Millis{20});
        return watch.tight() == tight;
    };
    loop.turn(Millis{150});
    EXPECT_FALSE(watch.tight());
    {
        const Mapped more;
        EXPECT_TRUE(until(true));
    }
    EXPECT_TRUE(until(false));
    EXPECT_EQ(changes, 2);
}

TEST(MemoryWatch, IsNeverTightWithoutALimit) {
    Loop loop;
    MemoryWatch watch(loop, 0, [] { FAIL(); });
    const Mapped more;
    loop.turn(Millis{150});
    EXPECT_FALSE(watch.tight());
}

}  // namespace
}  // namespace sluice::net
