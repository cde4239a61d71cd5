#include "app/process/metric_pages.hpp"

#include <sys/mman.h>
#include <system_error>

#include <algorithm>
#include <cerrno>
#include <fmt/format.h>
#include <new>

#include "app/process/start_error.hpp"

namespace sluice::app {

namespace {

std::shared_ptr<Metrics> make_page() {
    void* const memory =
        ::mmap(nullptr, sizeof(Metrics), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        throw StartError(
            fmt::format("no memory for a worker's numbers: {}", std::generic_category().message(errno)));
    ::madvise(memory, sizeof(Metrics), MADV_DONTFORK);
    return {new (memory) Metrics, [](Metrics* page) { ::munmap(page, sizeof(Metrics)); }};
}

}  // namespace

MetricPages::Bequest::Bequest(Metrics& page) : page_(page) {
    ::madvise(&page_, sizeof page_, MADV_DOFORK);
}

MetricPages::Bequest::~Bequest() {
    ::madvise(&page_, sizeof page_, MADV_DONTFORK);
}

std::shared_ptr<Metrics> MetricPages::take() {
    const auto left = std::ranges::find(pages_, 1, &std::shared_ptr<Metrics>::use_count);
    return left != pages_.end() ? *left : pages_.emplace_back(make_page());
}

MetricTotals MetricPages::totals() const {
    MetricTotals totals{};
    for (const auto& page : pages_)
        page->add_to(totals);
    return totals;
}

}  // namespace sluice::app
