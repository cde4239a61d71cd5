#include "policy/pacing.hpp"

#include <algorithm>

namespace sluice::policy {

namespace {

/// How long `octets` take at `bytes_per_s`, rounded up so that the average never exceeds the rate.
Millis time_for(std::size_t octets, unsigned bytes_per_s) {
    const auto rate = std::max(bytes_per_s, 1U);
    return Millis{static_cast<Millis::rep>((octets * 1000 + rate - 1) / rate)};
}

/// What one drop holds; never nothing, or a slow rate would be no rate.
std::size_t drop(unsigned bytes_per_s, Millis interval) {
    const auto octets =
        static_cast<std::size_t>(bytes_per_s) * static_cast<std::size_t>(interval.count()) / 1000;
    return std::max<std::size_t>(octets, 1);
}

/// Holds end at common moments, a 250th of the interval apart: sessions that wake together share the wake-up of the
/// loop, and find its code and the kernel's in the processor's caches.
Instant common_moment(Instant at, Millis interval) {
    const Millis apart = std::max(interval / 250, Millis{1});
    const Millis beyond = at.time_since_epoch() % apart;
    return beyond.count() == 0 ? at : at + (apart - beyond);
}

}  // namespace

void Pace::slow_down(const PaceOptions& options, Instant now) {
    if (options_ != nullptr || exhausted_) return;
    options_ = &options;
    next_read_ = held_until_ = now;
}

/// When the next drop of `pending` octets has been waited for.
Instant Pace::write_due(std::size_t pending) const {
    const unsigned rate = options_->out_bytes_per_s;
    return write_began_ + time_for(std::min(pending, drop(rate, options_->interval)), rate);
}

std::size_t Pace::may_write(std::size_t pending, Instant now) const {
    if (full_speed(now)) return unlimited;
    if (!writing_ || now < write_due(pending)) return 0;
    return drop(options_->out_bytes_per_s, options_->interval);
}

std::size_t Pace::may_read(Instant now, Reading what) const {
    if (options_ == nullptr || (what == Reading::commands && full_speed(now))) return unlimited;
    return now < next_read_ ? 0 : drop(read_rate(what), options_->interval);
}

void Pace::exchange_done() {
    exchange_held_ = Millis{0};
    writing_ = false;
}

void Pace::read(std::size_t octets, Instant now, Reading what) {
    // What came in at full speed leaves no debt: the next exchange would pay for the bound of this one.
    const bool free = options_ == nullptr || (what == Reading::commands && full_speed(now));
    next_read_ = free ? now : now + time_for(octets, read_rate(what));
}

Instant Pace::hold_write(std::size_t pending, Instant now) {
    if (!writing_) write_began_ = now;
    writing_ = true;
    return hold(now, write_due(pending), options_->exchange_max - exchange_held_);
}

Instant Pace::hold_read(Instant now, Reading what) {
    // Content is no exchange: its own floor keeps the client's timer for a block.
    const bool content = what == Reading::content;
    const Millis bound = content ? Millis{options_->delay_max} : options_->exchange_max - exchange_held_;
    const Millis exchange_before = exchange_held_;
    const Instant until = hold(now, next_read_, bound);
    if (content) exchange_held_ = exchange_before;
    return until;
}

Instant Pace::hold(Instant now, Instant wanted, Millis exchange_left) {
    const Millis session_left = options_->delay_max - held_;
    const Instant start = std::max(now, held_until_);  // reading and writing held at once are one delay
    const Instant due = common_moment(wanted, options_->interval);
    const Instant until = std::min(due, start + std::min(exchange_left, session_left));
    if (until > start) {
        held_ += until - start;
        exchange_held_ += until - start;
        held_until_ = until;
    }
    if (held_ >= options_->delay_max && now >= held_until_) {
        exhausted_ = true;
        options_ = nullptr;
    }
    return std::max(until, now);
}

bool Pace::full_speed(Instant now) const {
    if (options_ == nullptr) return true;
    return exchange_held_ >= options_->exchange_max && now >= held_until_;  // and the last hold is served
}

unsigned Pace::read_rate(Reading what) const {
    return what == Reading::content ? options_->content_in_bytes_per_s : options_->in_bytes_per_s;
}

}  // namespace sluice::policy
