#include "net/process_memory.hpp"

#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <array>
#include <string_view>
#include <utility>

#include "base/decimal.hpp"

namespace sluice::net {

std::uint64_t resident_octets(int statm) {
    // "size resident shared …", in pages (proc_pid_statm(5)).
    std::array<char, 128> text;
    const ssize_t got = ::pread(statm, text.data(), text.size(), 0);
    if (got <= 0) return 0;
    std::string_view rest(text.data(), static_cast<std::size_t>(got));
    rest.remove_prefix(std::min(rest.find(' ') + 1, rest.size()));
    const auto pages = parse_decimal<std::uint64_t>(rest.substr(0, rest.find(' ')));
    return pages.value_or(0) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

MemoryWatch::MemoryWatch(Loop& loop, std::uint64_t limit, std::function<void()> changed)
    : loop_(loop),
      limit_(limit),
      changed_(std::move(changed)),
      statm_(limit == 0 ? -1 : ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC)) {
    if (statm_) loop_.arm(*this, every);
}

void MemoryWatch::on_timer() {
    loop_.arm(*this, every);
    octets_ = resident_octets(statm_.get());
    const bool was_tight = tight_;
    tight_ = octets_ > (was_tight ? limit_ - limit_ / 10 : limit_);
    // Freed memory is not always returned to the kernel: without this the process would stay tight after a
    // flood.
    if (tight_) (void)::malloc_trim(0);
    if (tight_ != was_tight) changed_();
}

}  // namespace sluice::net
