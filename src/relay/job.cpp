#include "relay/job.hpp"

#include <cassert>

namespace sluice::relay {

void JobQueue::push_back(Job& job) {
    assert(link(job).queue == nullptr);
    link(job) = {.queue = this, .next = nullptr, .previous = last_};
    (last_ != nullptr ? link(*last_).next : first_) = &job;
    last_ = &job;
    ++size_;
}

void JobQueue::push_front(Job& job) {
    assert(link(job).queue == nullptr);
    link(job) = {.queue = this, .next = first_, .previous = nullptr};
    (first_ != nullptr ? link(*first_).previous : last_) = &job;
    first_ = &job;
    ++size_;
}

void JobQueue::remove(Job& job) {
    assert(holds(job));
    const Job::Link place = link(job);
    (place.previous != nullptr ? link(*place.previous).next : first_) = place.next;
    (place.next != nullptr ? link(*place.next).previous : last_) = place.previous;
    link(job) = {};
    --size_;
}

}  // namespace sluice::relay
