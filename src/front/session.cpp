#include "front/session.hpp"

#include <sys/socket.h>

#include <algorithm>

#include "front/transaction.hpp"

namespace sluice::front {

namespace {

/// Replies waiting for a client that does not read them, before we stop listening to it.
constexpr std::size_t output_octets_max = 32 * 1024;

/// One session may read so often before the others of this turn get theirs.
constexpr int reads_per_turn_max = 16;

/// How long a closed session waits for the client to close too (see close_down).
constexpr Seconds linger_time{2};

}  // namespace

Session::Session(Context& context, net::Accepted accepted, std::uint64_t number)
    : context_(context),
      fd_(std::move(accepted.fd)),
      peer_(accepted.peer),
      number_(number),
      started_(context.now()),
      progress_(started_),
      server_(context.options.server) {}

Session::~Session() = default;

bool Session::watch() {
    return context_.loop().watch(fd_.get(), *this, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
}

void Session::on_io(std::uint32_t events) {
    if (ended_) return;
    if ((events & EPOLLRDHUP) != 0) {
        peer_closed_ = true;
        if (left_ == Instant{}) left_ = context_.now();
    }
    if ((events & (EPOLLERR | EPOLLHUP)) != 0) return end();
    if ((events & (EPOLLIN | EPOLLRDHUP)) != 0) can_read_ = true;
    if ((events & EPOLLOUT) != 0) can_write_ = true;
    advance();
}

void Session::on_timer() {
    const Instant now = context_.now();
    if (lingering_) return end();
    if (waiting_ == Waiting::nothing && now >= idle_deadline()) return time_out();
    advance();
}

void Session::advance() {
    if (lingering_) return linger();
    std::string_view input = backlog_;
    for (int reads = 0;;) {
        const bool wants_input = run(input);
        if (!write_out()) return end();
        if (closing_ && out_.empty()) return close_down(!input.empty());
        if (waiting_ != Waiting::nothing || closing_) break;
        if (!wants_input) {
            if (output_full()) break;
            continue;
        }
        if (++reads > reads_per_turn_max) {
            held_until_ = context_.now();
            break;
        }
        if (!fill(input)) break;
    }
    if (ended_) return;
    keep(input);
    arm_timer();
}

bool Session::write_out() {
    while (out_sent_ < out_.size() && can_write_) {
        const Instant now = context_.now();
        const std::size_t allowed = pace_.may_write(now);
        if (allowed == 0) {
            held_until_ = pace_.hold_write(now);
            widen_when_paid();
            if (held_until_ > now) return true;
            continue;
        }
        const std::size_t wanted = std::min(out_.size() - out_sent_, allowed);
        const auto written = net::write_some(fd_.get(), out_.data() + out_sent_, wanted);
        if (written == net::io_failed) return false;
        if (written == net::io_would_block) {
            can_write_ = false;
            return true;
        }
        out_sent_ += static_cast<std::uint32_t>(written);
        record_.octets_out += static_cast<std::uint64_t>(written);
        pace_.wrote(static_cast<std::size_t>(written), now);
    }
    if (out_sent_ == out_.size() && !out_.empty()) output_done();
    return true;
}

void Session::output_done() {
    out_sent_ = 0;
    progress_ = context_.now();
    pace_.exchange_done();
    if (record_.stage == Stage::connect) reach(Stage::greeting);
    // A slow session lives long: it gives its buffer back. A fast one is about to need it again.
    if (pace_.slow()) {
        std::string().swap(out_);
    } else {
        out_.clear();
    }
}

bool Session::output_full() const {
    // A slow client gets one reply at a time, so that no exchange is held back for the sake of the one before
    // it.
    return pace_.slow() ? !out_.empty() : out_.size() - out_sent_ > output_octets_max;
}

/// Reads what readiness and pace allow; false when that is nothing, or the session has ended.
bool Session::fill(std::string_view& input) {
    if (!can_read_) return false;
    const Instant now = context_.now();
    const auto reading =
        server_.in_content() ? policy::Pace::Reading::content : policy::Pace::Reading::commands;
    std::size_t allowed = pace_.may_read(now, reading);
    if (allowed == 0) {
        held_until_ = pace_.hold_read(now, reading);
        widen_when_paid();
        if (held_until_ > now) return false;
        allowed = pace_.may_read(now, reading);
    }
    const std::size_t wanted = std::min(allowed, context_.scratch.size());
    const auto got = net::read_some(fd_.get(), context_.scratch.data(), wanted);
    if (got == net::io_would_block) {
        can_read_ = false;
        return false;
    }
    if (got == net::io_failed || got == 0) {
        end();  // the state machine wants more, and there is no more
        return false;
    }
    const auto octets = static_cast<std::size_t>(got);
    // A short read has emptied the socket; reading on would cost a system call to learn it. Not so when the
    // peer has closed: then the end of the stream is still to be read, and no further event will say so.
    if (octets < wanted) can_read_ = peer_closed_;
    record_.octets_in += octets;
    pace_.read(octets, now, reading);
    if (reading == policy::Pace::Reading::content) progress_ = now;

    const std::string_view fresh(context_.scratch.data(), octets);
    if (input.empty()) {
        input = fresh;
    } else {
        keep(input);
        backlog_.append(fresh);
        input = backlog_;
    }
    return true;
}

/// Makes `rest`, the unconsumed end of what was read, the backlog.
void Session::keep(std::string_view rest) {
    if (rest.empty()) {
        if (!backlog_.empty()) std::string().swap(backlog_);
    } else if (rest.data() >= backlog_.data() && rest.data() < backlog_.data() + backlog_.size()) {
        backlog_.erase(0, backlog_.size() - rest.size());
    } else {
        backlog_.assign(rest);
    }
}

Instant Session::idle_deadline() const {
    const auto& options = context_.options;
    const Seconds timeout = server_.in_content() ? options.content_timeout : options.command_timeout;
    return std::min(progress_ + timeout, started_ + options.session_time_max);
}

/// One timer serves pace and time-outs. It is left alone when it fires early enough: a busy session re-arms
/// nothing.
void Session::arm_timer() {
    const Instant now = context_.now();
    Instant deadline = held_until_;
    if (deadline == Instant{}) {
        if (waiting_ != Waiting::nothing) return;  // admission, backend and disk have deadlines of their own
        deadline = idle_deadline();
        if (armed() && this->deadline() <= deadline && this->deadline() > now) return;
    }
    held_until_ = Instant{};
    context_.loop().timers().arm(*this, deadline);
}

void Session::time_out() {
    record_.outcome = Outcome::timed_out;
    if (!out_.empty()) return end();  // it does not take what we say: no use in saying more
    pace_.speed_up();
    const bool too_long = context_.now() >= started_ + context_.options.session_time_max;
    server_.terminate({421, too_long ? "4.4.2 Session lasted too long" : "4.4.2 Timeout exceeded"});
    advance();
}

void Session::drain() {
    if (ended_ || lingering_) return;
    pace_.speed_up();
    advance();
}

void Session::abandon() {
    if (ended_) return;
    static constexpr std::string_view farewell = "421 4.3.2 Service shutting down\r\n";
    record_.outcome = Outcome::shutdown;
    // The client that waits for its last reply hears 421 and will try again: a duplicate at worst, never a
    // loss.
    if (!lingering_) (void)net::write_some(fd_.get(), farewell.data(), farewell.size());
    end();
}

/// All is said. Closing a socket with unread input resets the connection, and the reset can overtake our last
/// reply (RFC 9293 3.10.4), so where input is left we close our direction only and read on for a moment.
void Session::close_down(bool input_left) {
    if (peer_closed_ || !(input_left || can_read_)) return end();
    lingering_ = true;
    backlog_ = {};
    ::shutdown(fd_.get(), SHUT_WR);
    context_.loop().arm(*this, linger_time);
    linger();
}

void Session::linger() {
    for (int reads = 0; reads < reads_per_turn_max; ++reads) {
        const auto got = net::read_some(fd_.get(), context_.scratch.data(), context_.scratch.size());
        if (got == net::io_would_block) return;
        if (got <= 0) return end();
    }
    end();  // it floods us after the farewell; the reset is its own choice
}

void Session::end() {
    if (ended_) return;
    ended_ = true;
    disarm();
    admission_.reset();
    if (transaction_) transaction_ended(name_of(record_.outcome), nullptr);
    log_session();
    context_.ended(*this);
}

void Session::widen_when_paid() {
    if (!window_clamped_ || !pace_.exhausted()) return;
    window_clamped_ = false;
    net::widen_receive_window(fd_.get());
}

}  // namespace sluice::front
