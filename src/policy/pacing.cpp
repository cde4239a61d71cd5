#include "policy/pacing.hpp"

#include <algorithm>

namespace sluice::policy {

namespace {

/// How long `octets` take at `bytes_per_s`, rounded up so that the average never exceeds the rate.
Millis time_for(std::size_t octets, unsigned bytes_per_s) {
    const auto rate = std::max(bytes_per_s, 1U);
    return Millis{static_cast<Millis::rep>((octets * 1000 + rate - 1) / rate)};
}

/// Further apart, a block that has just missed a drop, and brings the first line of BDAT, would come too
/// late.
constexpr Millis content_interval_max{10'000};

/// How many octets fall in a drop; never none, or a slow rate would be no rate.
std::size_t usual_drop(unsigned bytes_per_s, Millis interval) {
    return std::max<std::size_t>(
        static_cast<std::size_t>(bytes_per_s) * static_cast<std::size_t>(interval.count()) / 1000, 1);
}

/// How many of `pending` octets fall in the next. A small rest is not worth a drop of its own.
std::size_t next_drop(std::size_t pending, unsigned bytes_per_s, Millis interval) {
    const std::size_t usual = usual_drop(bytes_per_s, interval);
    return pending <= usual + usual / 2 ? pending : usual;
}

/// Holds end at common moments, a 250th of the interval apart: sessions that wake together share the wake-up
/// of the loop, and find its code and the kernel's in the processor's caches.
Instant common_moment(Instant at, const PaceOptions& options) {
    const Millis apart = std::max(options.interval / 250, Millis{1});
    const Millis beyond = (at.time_since_epoch() + apart - options.phase % apart) % apart;
    return beyond.count() == 0 ? at : at + (apart - beyond);
}

}  // namespace

void Pace::slow_down(const PaceOptions& options, Instant now) {
    if (options_ != nullptr || exhausted_) return;
    options_ = &options;
    held_until_ = now;
    writing_ = reading_ = false;
}

std::size_t Pace::next_write(std::size_t pending) const {
    return next_drop(pending, options_->out_bytes_per_s, options_->interval);
}

std::size_t Pace::next_read(std::size_t pending, Reading what) const {
    const unsigned rate = read_rate(what);
    if (what == Reading::commands) return next_drop(pending, rate, options_->interval);
    return std::min(pending, usual_drop(rate, std::min(options_->interval, content_interval_max)));
}

/// When the next drop of what has waited to be written has been paid for.
Instant Pace::write_due(std::size_t pending) const {
    return write_began_ + time_for(next_write(pending), options_->out_bytes_per_s);
}

Instant Pace::read_due(std::size_t pending, Reading what) const {
    return read_began_ + time_for(next_read(pending, what), read_rate(what));
}

std::size_t Pace::may_write(std::size_t pending, Instant now, Writing what) const {
    // A client that pipelines many small chunks would wait for each; its content pays for them.
    if (full_speed(now) || what == Writing::chunk_reply) return unlimited;
    return writing_ && now >= write_due(pending) ? next_write(pending) : 0;
}

std::size_t Pace::may_read(std::size_t pending, Instant now, Reading what) const {
    if (options_ == nullptr || (what == Reading::commands && full_speed(now))) return unlimited;
    return reading_ && now >= read_due(pending, what) ? next_read(pending, what) : 0;
}

void Pace::exchange_done() {
    exchange_held_ms_ = 0;
    writing_ = false;
}

Instant Pace::hold_write(std::size_t pending, Instant now) {
    if (!writing_) write_began_ = now;
    writing_ = true;
    return hold(now, write_due(pending), exchange_left());
}

Instant Pace::hold_read(std::size_t pending, Instant now, Reading what) {
    if (!reading_) read_began_ = now;
    reading_ = true;
    const Instant wanted = read_due(pending, what);
    if (what == Reading::commands) return hold(now, wanted, exchange_left());
    // Content is no exchange: its own floor keeps the client's timer for a block.
    const std::uint32_t exchange_before = exchange_held_ms_;
    const Instant until = hold(now, wanted, options_->delay_max);
    exchange_held_ms_ = exchange_before;
    return until;
}

Millis Pace::exchange_left() const {
    return options_->exchange_max - Millis{exchange_held_ms_};
}

Instant Pace::hold(Instant now, Instant wanted, Millis exchange_left) {
    const Millis session_left = options_->delay_max - held();
    const Instant start = std::max(now, held_until_);  // reading and writing held at once are one delay
    const Instant moment = common_moment(wanted, *options_);
    const Instant until = std::min(moment, start + std::min(exchange_left, session_left));
    if (until > start) {
        const auto more = static_cast<std::uint32_t>((until - start).count());
        held_ms_ += more;
        exchange_held_ms_ += more;
        held_until_ = until;
    }
    if (held() >= options_->delay_max && now >= held_until_) {
        exhausted_ = true;
        options_ = nullptr;
    }
    return std::max(until, now);
}

bool Pace::full_speed(Instant now) const {
    if (options_ == nullptr) return true;
    return exchange_left() <= Millis{0} && now >= held_until_;  // and the last hold is served
}

unsigned Pace::read_rate(Reading what) const {
    return what == Reading::content ? options_->content_in_bytes_per_s : options_->in_bytes_per_s;
}

}  // namespace sluice::policy
