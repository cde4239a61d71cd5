#include "relay/job.hpp"

#include <cassert>

namespace sluice::relay {

void JobQueue::push_back(Job& job) {
    assert(job.queue_ == nullptr);
    job.queue_ = this;
    job.previous_ = last_;
    job.next_ = nullptr;
    (last_ != nullptr ? last_->next_ : first_) = &job;
    last_ = &job;
    ++size_;
}

void JobQueue::push_front(Job& job) {
    assert(job.queue_ == nullptr);
    job.queue_ = this;
    job.next_ = first_;
    job.previous_ = nullptr;
    (first_ != nullptr ? first_->previous_ : last_) = &job;
    first_ = &job;
    ++size_;
}

void JobQueue::remove(Job& job) {
    assert(job.queue_ == this);
    (job.previous_ != nullptr ? job.previous_->next_ : first_) = job.next_;
    (job.next_ != nullptr ? job.next_->previous_ : last_) = job.previous_;
    job.queue_ = nullptr;
    job.next_ = job.previous_ = nullptr;
    --size_;
}

}  // namespace sluice::relay
