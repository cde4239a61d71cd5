#include "sim/kernel.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>

namespace sluice::sim {

namespace {

Kernel* the_kernel = nullptr;

constexpr int first_descriptor = 3;

void lose_memory() {
    static std::vector<std::unique_ptr<int>> lost;
    lost.push_back(std::make_unique<int>());
}

}  // namespace

Kernel::Kernel(Agenda& agenda, Faults& faults, Dice dice)
    : agenda_(agenda), faults_(faults), dice_(dice), booted_(dice_.magnitude(1, std::int64_t{1} << 40)) {
    the_kernel = this;
}

Kernel::~Kernel() {
    the_kernel = nullptr;
}

Kernel& Kernel::current() {
    return *the_kernel;
}

Instant Kernel::now() const {
    return Instant{booted_ + std::chrono::floor<Millis>(agenda_.now())};
}

// ---- descriptors -----------------------------------------------------------------------------------------

/// Takes the lowest free number, as the kernel does: a number that was closed is reused at once.
int Kernel::take_slot(bool may_fail) {
    if (may_fail && (open_ >= descriptors_max || faults_.strikes(Fault::no_descriptors))) {
        errno = EMFILE;
        return -1;
    }
    ++open_;
    if (free_.empty()) {
        table_.emplace_back();
        return first_descriptor + static_cast<int>(table_.size()) - 1;
    }
    const int fd = *free_.begin();
    free_.erase(free_.begin());
    return fd;
}

Kernel::Descriptor* Kernel::at(int fd) {
    const auto index = static_cast<std::size_t>(fd - first_descriptor);
    return fd >= first_descriptor && index < table_.size() ? &table_[index] : nullptr;
}

int Kernel::open_door(std::shared_ptr<Door> door) {
    const int fd = take_slot(false);  // there are free ones when a worker starts
    at(fd)->door = std::move(door);
    return fd;
}

int Kernel::open_link(std::shared_ptr<Link> link) {
    const int fd = take_slot(true);
    if (fd < 0) return fd;
    link->opened(*this, fd);
    at(fd)->link = std::move(link);
    return fd;
}

int Kernel::open_file() {
    const int fd = take_slot(true);
    if (fd < 0) return fd;
    at(fd)->file = std::make_unique<std::string>();
    return fd;
}

void Kernel::close(int fd) {
    Descriptor* const found = at(fd);
    if (found == nullptr || free_.contains(fd)) std::abort();  // closed twice
    unwatch(fd);
    if (found->link && faults_.planted(Sabotage::lose_descriptor)) return faults_.plant(Sabotage::none);
    if (found->link && faults_.planted(Sabotage::lose_memory)) lose_memory();
    if (found->link) found->link->close();
    if (found->door) {
        for (const Door::Waiting& each : found->door->waiting)
            each.link->close();
    }
    *found = {};
    --open_;
    free_.insert(fd);
}

Link* Kernel::link(int fd) {
    Descriptor* const found = at(fd);
    return found == nullptr ? nullptr : found->link.get();
}

Door* Kernel::door(int fd) {
    Descriptor* const found = at(fd);
    return found == nullptr ? nullptr : found->door.get();
}

std::string* Kernel::file(int fd) {
    Descriptor* const found = at(fd);
    return found == nullptr ? nullptr : found->file.get();
}

// ---- epoll -----------------------------------------------------------------------------------------------

bool Kernel::watch(int fd, net::IoHandler& handler, std::uint32_t events) {
    if (faults_.strikes(Fault::watch_refused)) {
        errno = ENOSPC;
        return false;
    }
    Descriptor* const found = at(fd);
    if (found == nullptr || found->handler != nullptr) std::abort();  // EBADF, EEXIST
    if (found->door) doors_.push_back(fd);
    rewatch(fd, handler, events);
    return true;
}

void Kernel::rewatch(int fd, net::IoHandler& handler, std::uint32_t events) {
    Descriptor* const found = at(fd);
    if (found == nullptr) return;
    found->handler = &handler;
    found->interest = events | EPOLLERR | EPOLLHUP;
    if (found->link && (found->link->events() & found->interest) != 0) stirred(fd);
}

void Kernel::unwatch(int fd) {
    Descriptor* const found = at(fd);
    if (found == nullptr) return;
    found->handler = nullptr;
    found->stirred = false;
    if (found->door) std::erase(doors_, fd);
}

void Kernel::stirred(int fd) {
    Descriptor* const found = at(fd);
    if (found == nullptr || found->handler == nullptr || found->stirred) return;
    found->stirred = true;
    ready_.push_back(fd);
}

bool Kernel::something_ready() const {
    return woken_ || !ready_.empty() || std::ranges::any_of(doors_, [this](int fd) {
               return !table_[static_cast<std::size_t>(fd - first_descriptor)].door->waiting.empty();
           });
}

void Kernel::wait(Millis wait_max) {
    turns_without_time = agenda_.now() == last_turn_ ? turns_without_time + 1 : 0;
    last_turn_ = agenda_.now();
    if (faults_.strikes(Fault::loop_stalls))
        agenda_.run_until(agenda_.now() + Millis{dice_.magnitude(1, 4000)});
    const Micros end = wait_max == Millis::max() ? Micros::max() : agenda_.now() + wait_max;
    while (!something_ready() && agenda_.next() <= end && agenda_.next() != Micros::max())
        agenda_.run_next();
    if (!something_ready() && end != Micros::max()) agenda_.run_until(end);
    agenda_.run_until(agenda_.now());
}

std::vector<std::pair<net::IoHandler*, std::uint32_t>> Kernel::take_ready(std::size_t count_max) {
    std::vector<std::pair<net::IoHandler*, std::uint32_t>> events;
    if (dice_.chance(100)) std::ranges::reverse(ready_);
    const std::size_t count = std::min(count_max, ready_.size());
    for (std::size_t i = 0; i < count; ++i) {
        Descriptor* const found = at(ready_[i]);
        if (!found->stirred || found->handler == nullptr || !found->link) continue;
        found->stirred = false;
        const std::uint32_t what = found->link->events() & found->interest;
        if (what != 0) events.emplace_back(found->handler, what);
    }
    ready_.erase(ready_.begin(), ready_.begin() + static_cast<std::ptrdiff_t>(count));
    for (const int fd : doors_) {
        if (!at(fd)->door->waiting.empty()) events.emplace_back(at(fd)->handler, EPOLLIN);
    }
    return events;
}

}  // namespace sluice::sim
