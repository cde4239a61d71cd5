#include "policy/pacing.hpp"

#include <algorithm>
#include <utility>

namespace sluice::policy {

namespace {

/// The time between two drops of content. With a longer one, a block that has just missed a drop would come
/// too late.
constexpr Millis drops_apart{10'000};

}  // namespace

void Pace::slow_down(const PaceOptions& options) {
    if (options_ != nullptr || exhausted_) return;
    options_ = &options;
    pieces_left_ = 0;
    reading_ = false;
}

/// The last common moment that is not after `latest`.
Instant Pace::moment_before(Instant latest) const {
    const Millis apart = options_->moments;
    return latest - (latest.time_since_epoch() + apart - options_->phase % apart) % apart;
}

/// Decides the number of pieces in which a reply goes out, and when the first and the last are due.
void Pace::plan(std::size_t pending, Instant now, Instant asked) {
    const Millis apart = options_->moments;
    const Millis gap_max = std::max(options_->silence_max - options_->silence_max % apart, apart);
    const Instant end = asked + std::min<Millis>(options_->reply + apart, reply_time_max);
    // The first piece is as late as it may be, since each piece costs. A reply that was long in coming has
    // been waited for already.
    const Instant latest = std::max(asked + std::min(2 * apart, gap_max), now + apart);
    const Instant first = std::min(moment_before(latest), std::max(end, now));
    last_ = std::max(moment_before(end), first);
    const auto gaps = (last_ - first + gap_max - Millis{1}) / gap_max;
    const auto pieces = std::min<std::size_t>(static_cast<std::size_t>(gaps) + 1, pending);
    pieces_left_ = static_cast<std::uint8_t>(pieces);
    // A reply with fewer octets than pieces ends sooner: a short reply is better than silence.
    last_ = std::min(last_, first + gap_max * static_cast<Millis::rep>(pieces - 1));
    due_ = first;
}

std::size_t Pace::may_write(std::size_t pending, Instant now) const {
    if (options_ == nullptr) return unlimited;
    if (pieces_left_ == 0 || now < due_) return 0;
    // A session that was late with earlier pieces catches up with the last one.
    if (pieces_left_ == 1 || now >= last_) return unlimited;
    return std::max<std::size_t>(pending / pieces_left_, 1);
}

void Pace::wrote(Instant now) {
    if (options_ == nullptr || pieces_left_ <= 1) return;
    --pieces_left_;
    const Millis apart = options_->moments;
    const Millis even = (last_ - now) / pieces_left_;
    due_ = moment_before(now + (even + apart - Millis{1}) / apart * apart);
}

Instant Pace::hold_write(std::size_t pending, Instant now, Instant asked) {
    if (pieces_left_ == 0) plan(pending, now, asked);
    return hold(now, due_);
}

std::size_t Pace::may_read(std::size_t pending, Instant now) const {
    if (options_ == nullptr) return unlimited;
    if (!reading_ || now < due_) return 0;
    return std::min(pending, std::size_t{options_->content_in_bytes_per_s} * (drops_apart / Seconds{1}));
}

Instant Pace::hold_read(Instant now) {
    if (!std::exchange(reading_, true)) due_ = now + drops_apart;
    return hold(now, due_);
}

/// Extends the hold. A hold that is asked for again before it is over counts once.
Instant Pace::hold(Instant now, Instant wanted) {
    const Instant start = std::max(now, held_until_);
    const Millis left = options_->delay_max - held();
    if (left <= Millis{0} && now >= held_until_) {
        exhausted_ = true;
        options_ = nullptr;
        return now;
    }
    const Instant until = std::min(wanted, start + left);
    if (until > start) {
        held_ms_ += static_cast<std::uint32_t>((until - start).count());
        held_until_ = until;
    }
    return std::max(until, now);
}

}  // namespace sluice::policy
