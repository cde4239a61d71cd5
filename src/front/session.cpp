#include "front/session.hpp"

#include <algorithm>

#include "front/transaction.hpp"

namespace sluice::front {

namespace {

/// Replies waiting for a client that does not read them, before we stop listening to it.
constexpr std::size_t output_octets_max = 32'000;

/// One session may read so often before the others of this turn get theirs.
constexpr int reads_per_turn_max = 8;

/// How long a closed session waits for the client to close too (see close_down).
constexpr Seconds linger_time{2};

}  // namespace

Session::Session(Context& context, net::Accepted accepted, std::uint32_t number, bool tls_first)
    : context_(context),
      fd_(std::move(accepted.fd)),
      tls_first_(tls_first),
      peer_(accepted.peer),
      number_(number),
      started_(context.now()),
      server_(context.options.server) {}

Session::~Session() = default;

bool Session::watch() {
    return context_.loop().watch(fd_.get(), *this, EPOLLIN | EPOLLRDHUP | EPOLLET);
}

/// Room to write is asked for when there is none: a fresh socket has room, and would report it for nothing.
void Session::wait_for_room() {
    can_write_ = false;
    context_.loop().rewatch(fd_.get(), *this, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
}

void Session::on_io(std::uint32_t events) {
    if (ended_) return;
    if ((events & EPOLLRDHUP) != 0) {
        peer_closed_ = true;
        if (left_ms_ == 0) left_ms_ = std::max(age_ms(), 1U);
    }
    broken_ = broken_ || (events & (EPOLLERR | EPOLLHUP)) != 0;
    if ((events & (EPOLLIN | EPOLLRDHUP)) != 0) can_read_ = true;
    if ((events & EPOLLOUT) != 0) can_write_ = true;
    if (is_gone() && waiting_ == Waiting::delivery) return client_gone();
    if (broken_) return end();
    advance();
}

void Session::on_timer() {
    const Instant now = context_.now();
    if (lingering_) return end();
    if (for_client() && now >= idle_deadline()) return time_out();
    advance();
}

void Session::advance() {
    if (lingering_) return linger();
    if (waiting_ == Waiting::proxy_header) return take_proxy_header();
    if (waiting_ == Waiting::pregreet && !pregreet_over()) return;
    std::string_view input = backlog();
    held_ = false;
    context_.output.clear();
    for (int reads = 0;;) {
        const bool wants_input = run(input);
        if (!speak(!input.empty())) break;
        if (!wants_input) continue;
        if (++reads > reads_per_turn_max) {
            come_back_at(context_.now());
            break;
        }
        if (!fill(input)) break;
    }
    if (ended_ || lingering_) return;
    keep(input);
    keep_output();
    arm_timer();
}

/// Sends what is to be said. False: nothing more is to be done now.
bool Session::speak(bool input_left) {
    if (sending_.empty()) sending_ = context_.output;
    if (!write_out()) {
        broken_ = true;
        if (waiting_ == Waiting::delivery) {
            sending_ = {};
            client_gone();
        } else {
            end();
        }
        return false;
    }
    if (!sending_.empty()) return false;
    if (closing_) {
        close_down(input_left);
        return false;
    }
    context_.output.clear();
    if (waiting_ == Waiting::handshake) return shake_hands();
    return waiting_ == Waiting::nothing;
}

/// The last plaintext has been sent. True when all is encrypted from here on.
bool Session::shake_hands() {
    if (!tls_) {
        tls_ = net::TlsStream(*context_.surroundings.tls, fd_.get());
        ++context_.tls_sessions;
    }
    switch (tls_.shake_hands()) {
        case net::TlsStream::Handshake::more:
            if (tls_.wants_room()) wait_for_room();
            return false;
        case net::TlsStream::Handshake::failed:
            note({"tls", "", net::TlsStream::error(), 0});
            context_.metrics().add(Metric::tls_handshakes, HandshakeResult::failed);
            if (record_.outcome == Outcome::left) record_.outcome = Outcome::tls_failed;
            end();
            return false;
        case net::TlsStream::Handshake::done:
            context_.metrics().add(Metric::tls_handshakes, HandshakeResult::done);
            break;
    }
    waiting_ = Waiting::nothing;
    server_.tls_started();
    can_read_ = true;  // what came with the end of the handshake is not announced again
    progress_ms_ = age_ms();
    return true;
}

std::ptrdiff_t Session::read_socket(void* buffer, std::size_t size) {
    if (!tls_) return net::read_some(fd_.get(), buffer, size);
    const auto got = tls_.read(buffer, size);
    if (got == net::io_would_block && tls_.wants_room()) wait_for_room();
    return got;
}

/// A drop of content: of small TLS records it takes many, and one that came alone would have waited for all.
/// What ended the last of them, the next read is told again.
std::ptrdiff_t Session::read_drop(char* buffer, std::size_t size) {
    std::size_t octets = 0;
    while (octets < size) {
        const auto got = read_socket(buffer + octets, size - octets);
        if (got <= 0) return octets == 0 ? got : static_cast<std::ptrdiff_t>(octets);
        octets += static_cast<std::size_t>(got);
        if (!tls_) break;
    }
    return static_cast<std::ptrdiff_t>(octets);
}

std::ptrdiff_t Session::write_socket(const void* octets, std::size_t size) {
    return tls_ ? tls_.write(octets, size) : net::write_some(fd_.get(), octets, size);
}

/// Writes what readiness and pace allow. False: the connection is broken.
bool Session::write_out() {
    if (sending_.empty()) return true;
    while (!sending_.empty()) {
        if (!can_write_) return true;
        const Instant now = context_.now();
        const std::size_t allowed =
            server_.reply_is_prompt() ? policy::Pace::unlimited : pace_.may_write(sending_.size(), now);
        if (allowed == 0) {
            const Instant asked = started_ + Millis{asked_ms_};
            if (!hold_until(pace_.hold_write(sending_.size(), now, asked))) continue;
            return true;
        }
        const auto written = write_socket(sending_.data(), std::min(sending_.size(), allowed));
        if (written == net::io_failed) return false;
        if (written == net::io_would_block) {
            wait_for_room();
            return true;
        }
        const auto octets = static_cast<std::size_t>(written);
        sending_.remove_prefix(octets);
        record_.octets_out += octets;
        pace_.wrote(now);
    }
    unsent_.reset();
    progress_ms_ = age_ms();
    if (waiting_ == Waiting::pregreet) return true;  // the greeting has another line
    asked_ms_ = age_ms();
    pace_.reply_done();
    if (record_.stage == Stage::connect) reach(Stage::greeting);
    return true;
}

/// Is there so much to be written that it has to go first? A slow client gets one reply at a time, so that no
/// exchange is held back for the sake of the one before it.
bool Session::output_pending() const {
    if (!sending_.empty()) return true;
    return pace_.slow() ? !context_.output.empty() : context_.output.size() > output_octets_max;
}

/// What could not be written must not stay in a buffer that the next session will use. (A reply of the state
/// machine's own stays where it is: nothing is asked of the machine before it has been sent.)
void Session::keep_output() {
    const auto& shared = context_.output;
    const bool in_shared = !sending_.empty() && sending_.data() >= shared.data() &&
                           sending_.data() <= shared.data() + shared.size();
    if (!in_shared) return;
    unsent_ = std::make_unique<std::string>(sending_);
    sending_ = *unsent_;
}

/// The pace holds us until then. False: no longer, go on.
bool Session::hold_until(Instant instant) {
    if (pace_.exhausted()) widen_window();
    if (instant <= context_.now()) return false;
    come_back_at(instant);
    // It is we who are silent meanwhile, not the client.
    progress_ms_ = std::max(progress_ms_, held_until_ms_);
    return true;
}

void Session::come_back_at(Instant instant) {
    held_ = true;
    held_until_ms_ = static_cast<std::uint32_t>((instant - started_).count());
}

/// What there is to read of a slow client's commands, and no more than one: what it pipelines stays in the
/// kernel, where it keeps the window small and costs us nothing. 0 = nothing; 1 at the end of the stream: the
/// read will find out. Under TLS commands cannot be told before they are decrypted.
std::size_t Session::next_command() {
    if (tls_) return context_.options.server.limits.command_line_octets_max;
    const std::size_t octets = peeked();
    const std::string_view pending(context_.scratch.data(), octets);
    const std::size_t line = pending.find('\n') + 1;
    return line == 0 ? octets : line;
}

/// How much of the content of a session that is sure to be bad to read now; 0: the pace holds us, or there is
/// none. Under TLS octets count as they are in the kernel, which keeps them as long as the pace does; what is
/// left of a record that was read in part goes first.
std::size_t Session::next_drop() {
    std::size_t pending = tls_ ? tls_.buffered() : peeked();
    if (tls_ && pending == 0) pending = net::unread_octets(fd_.get());
    if (tls_ && pending == 0 && peer_closed_) pending = 1;
    if (pending == 0) {
        can_read_ = false;
        return 0;
    }
    const Instant now = context_.now();
    std::size_t allowed = pace_.may_read(pending, now);
    if (allowed == 0) {
        if (hold_until(pace_.hold_read(now))) return 0;
        allowed = pace_.may_read(pending, now);
    }
    return std::min(allowed, pending);
}

/// How many octets are there to be read, up to the room in Context::scratch, where they are now; 1 at the end
/// of the stream.
std::size_t Session::peeked() {
    auto& scratch = context_.scratch;
    const auto octets = net::peek_some(fd_.get(), scratch.data(), scratch.size());
    if (octets == net::io_would_block) can_read_ = false;
    if (octets == net::io_would_block) return 0;
    return octets <= 0 ? 1 : static_cast<std::size_t>(octets);
}

/// Reads what readiness and pace allow; false when that is nothing, or the session has ended.
bool Session::fill(std::string_view& input) {
    if (!can_read_) return false;
    const bool content = server_.in_content() || server_.awaits_chunk();
    keep(input);  // it may stand where we are about to read
    input = backlog();
    // Behind a window that is wide the kernel takes more than can be paced before the client's timer for the
    // reply to it runs out (RFC 5321 4.5.3.2.6).
    const bool paced = content && content_slow_ && pace_.slow() && !window_wide_;
    auto& scratch = context_.scratch;
    std::size_t wanted = scratch.size();
    if (paced) wanted = next_drop();
    if (!content && pace_.slow()) wanted = next_command();
    if (wanted == 0) return false;
    const auto got = paced ? read_drop(scratch.data(), wanted) : read_socket(scratch.data(), wanted);
    if (got == net::io_would_block) {
        can_read_ = false;
        return false;
    }
    if (got == net::io_failed || got == 0) {
        broken_ = broken_ || got == net::io_failed;
        end();  // the state machine wants more, and there is no more
        return false;
    }
    const auto octets = static_cast<std::size_t>(got);
    // A short read has emptied the socket; reading on would cost a system call to learn it. Not so when the
    // peer has closed: then the end of the stream is still to be read, and no further event will say so.
    // TLS gives a record at a time, and there may be more of them.
    if (octets < wanted && !tls_) can_read_ = peer_closed_;
    told_.reset();  // it goes on, and so it has heard
    record_.octets_in += octets;
    pace_.read();
    if (content) {
        progress_ms_ = age_ms();
    } else {
        asked_ms_ = age_ms();
    }

    const std::string_view fresh(scratch.data(), octets);
    if (record_.octets_in == octets && refuse_late_header(fresh)) {
        input = {};
        return true;
    }
    if (!backlog_) {
        input = fresh;
    } else {
        backlog_->append(fresh);
        input = backlog();
    }
    return true;
}

std::string_view Session::backlog() const {
    return backlog_ ? std::string_view(*backlog_) : std::string_view();
}

/// Makes `rest`, the unconsumed end of what was read, the backlog.
void Session::keep(std::string_view rest) {
    const std::string_view kept = backlog();
    if (rest.empty()) {
        backlog_.reset();
    } else if (rest.data() >= kept.data() && rest.data() < kept.data() + kept.size()) {
        backlog_->erase(0, kept.size() - rest.size());
    } else if (backlog_) {
        backlog_->assign(rest);
    } else {
        backlog_ = std::make_unique<std::string>(rest);
    }
}

Instant Session::idle_deadline() const {
    const auto& options = context_.options;
    Millis timeout = server_.in_content() ? options.content_timeout : options.command_timeout;
    if (waiting_ == Waiting::handshake) timeout = options.tls.handshake_timeout;
    if (waiting_ == Waiting::proxy_header) timeout = proxy_patience();
    return started_ + std::min<Millis>(Millis{progress_ms_} + timeout, options.session_time_max);
}

/// It is the client's turn, or its proxy's.
bool Session::for_client() const {
    return waiting_ == Waiting::nothing || waiting_ == Waiting::handshake ||
           waiting_ == Waiting::proxy_header;
}

/// One timer serves pace and time-outs. It is left alone when it fires early enough: a busy session re-arms
/// nothing.
void Session::arm_timer() {
    Instant deadline = started_ + Millis{held_until_ms_};
    if (!held_) {
        if (!for_client()) return;  // DNS, backend and disk have deadlines of their own
        deadline = idle_deadline();
        if (armed() && this->deadline() <= deadline && this->deadline() > context_.now()) return;
    }
    context_.loop().timers().arm(*this, deadline);
}

void Session::time_out() {
    if (waiting_ == Waiting::proxy_header && greet_silent_check()) return;
    record_.outcome = Outcome::timed_out;
    // It does not take what we say, or would not understand it.
    if (!sending_.empty() || waiting_ != Waiting::nothing) return end();
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
    settle_told();
    // The client that waits for its last reply hears 421 and will try again: a duplicate at worst, never a
    // loss.
    const bool in_mid_reply = waiting_ == Waiting::handshake || waiting_ == Waiting::pregreet;
    if (!lingering_ && !closing_ && !in_mid_reply && say_the_rest())
        (void)write_socket(farewell.data(), farewell.size());
    end();
}

/// What was being said, so that a last word is a line of its own. True when nothing is left of it.
bool Session::say_the_rest() {
    if (sending_.empty()) return true;
    return write_socket(sending_.data(), sending_.size()) == static_cast<std::ptrdiff_t>(sending_.size());
}

/// All is said. Closing a socket with unread input resets the connection, and the reset can overtake our last
/// reply (RFC 9293 3.10.4), so where input is left we close our direction only and read on for a moment.
void Session::close_down(bool input_left) {
    if (tls_) tls_.close();
    if (peer_closed_ || !(input_left || can_read_)) return end();
    lingering_ = true;
    backlog_.reset();
    net::end_writing(fd_.get());
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
    inquiry_.reset();
    settle_told();
    if (transaction_ && !transaction_->under_way.empty()) forget_untold(transaction_->under_way);
    if (transaction_) transaction_ended(name_of(record_.outcome), nullptr);
    if (is_health_check()) {
        count_health_check();
    } else {
        log_session();
        context_.metrics().add(Metric::sessions, lane_, outcome());
    }
    depart();
    if (tls_) --context_.tls_sessions;
    tls_ = {};
    context_.ended(*this);
}

/// The listener's small buffer keeps every window small from the first octet, since TCP can take none back
/// (docs/adr/0002). A client that may go at full speed gets a wide one when it is about to send content.
void Session::widen_window() {
    if (window_wide_) return;
    window_wide_ = true;
    net::widen_receive_window(fd_.get());
}

}  // namespace sluice::front
