#include "front/session.hpp"

#include <algorithm>

#include "front/transaction.hpp"

namespace sluice::front {

namespace {

/// The most octets of replies that may wait for a client to read them before we stop reading its commands.
constexpr std::size_t output_octets_max = 32'000;

/// The most reads of one session in one turn of the loop, so that the other sessions get theirs.
constexpr int reads_per_turn_max = 8;

/// The time for which a closed session waits for the client to close, too (see close_down).
constexpr Seconds linger_time{2};

}  // namespace

Session::Session(Context& context, net::Accepted accepted, std::uint32_t number, bool tls_first)
    : context_(context),
      peer_(accepted.peer),
      fd_(std::move(accepted.fd)),
      number_(number),
      started_(context.now()),
      tls_first_(tls_first),
      server_(context.options.server) {}

Session::~Session() = default;

bool Session::watch() {
    return context_.loop().watch(fd_.get(), *this, EPOLLIN | EPOLLRDHUP | EPOLLET);
}

/// Asks epoll for room to write only when there is none: a new socket has room and would report it at once.
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
    if (waiting_ == Waiting::pregreet) return look_for_early_talk();
    std::string_view input = backlog();
    held_ = false;
    context_.output.clear();  // no unsent reply is in it: see keep_output()
    for (int reads = 0;;) {
        const bool wants_input = run(input);
        if (!speak(!input.empty())) break;
        if (!wants_input) continue;  // the machine had stopped for the output, which is sent now
        if (++reads > reads_per_turn_max) {
            come_back_at(context_.now());  // edge-triggered: epoll does not report again what is left
            break;
        }
        if (!fill(input)) break;
    }
    if (ended_ || lingering_) return;
    keep(input);  // it may point into the scratch buffer, which the next session overwrites
    keep_output();
    arm_timer();
}

/// Sends the replies. True when advance() may go on; false when it has to wait, or the session has ended.
bool Session::speak(bool input_left) {
    if (sending_.empty()) sending_ = context_.output;
    if (!write_out()) {
        broken_ = true;
        if (waiting_ == Waiting::delivery) {
            sending_ = {};  // nobody is left to read it, but the MTA's answer still counts
            client_gone();
        } else {
            end();
        }
        return false;
    }
    if (!sending_.empty()) return false;  // EPOLLOUT or the pace's timer goes on here
    if (closing_) {
        close_down(input_left);
        return false;
    }
    context_.output.clear();
    if (waiting_ == Waiting::handshake) return shake_hands();  // only now: 220 goes out in plaintext
    return waiting_ == Waiting::nothing;
}

/// Goes on with the handshake once the last plaintext has been sent. True when the connection is encrypted.
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
            case_.note({"tls", "", net::TlsStream::error(), 0});
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
    can_read_ = true;  // epoll does not announce again what came with the end of the handshake
    progress_ms_ = age_ms();
    return true;
}

std::ptrdiff_t Session::read_socket(void* buffer, std::size_t size) {
    if (!tls_) return net::read_some(fd_.get(), buffer, size);
    const auto got = tls_.read(buffer, size);
    if (got == net::io_would_block && tls_.wants_room()) wait_for_room();
    return got;
}

/// Reads a drop of content. Small TLS records are read until they make up a drop: with one record a drop, the
/// content would take far too long. An error or the end of the stream is found again by the next read.
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

/// Writes as much as readiness and the pace allow. False: the connection is broken.
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
    if (waiting_ == Waiting::pregreet) return true;  // the second line of the greeting follows
    asked_ms_ = age_ms();
    pace_.reply_done();
    if (record_.stage == Stage::connect) reach(Stage::greeting);
    return true;
}

/// Whether output must be written before the machine goes on. A slow client gets one reply at a time, so that
/// no exchange waits for the paced reply of the one before it.
bool Session::output_pending() const {
    if (!sending_.empty()) return true;
    return pace_.slow() ? !context_.output.empty() : context_.output.size() > output_octets_max;
}

/// Moves unwritten replies out of the buffer that the next session will use. (A reply in the state machine's
/// own buffer stays there: the machine is not stepped before that reply has been sent.)
void Session::keep_output() {
    const auto& shared = context_.output;
    const bool in_shared = !sending_.empty() && sending_.data() >= shared.data() &&
                           sending_.data() <= shared.data() + shared.size();
    if (!in_shared) return;
    unsent_ = std::make_unique<std::string>(sending_);
    sending_ = *unsent_;
}

/// Holds the session until `instant` for the pace. False: that time has come, go on.
bool Session::hold_until(Instant instant) {
    if (pace_.exhausted()) widen_window();
    if (instant <= context_.now()) return false;
    come_back_at(instant);
    // In the meantime we are silent, not the client.
    progress_ms_ = std::max(progress_ms_, held_until_ms_);
    return true;
}

void Session::come_back_at(Instant instant) {
    held_ = true;
    held_until_ms_ = static_cast<std::uint32_t>((instant - started_).count());
}

/// The number of octets to read next from a slow client: one command at most. The commands behind it stay in
/// the kernel, where they keep the window small and cost no memory of ours. 0 = nothing; 1 at the end of the
/// stream, so that the read finds it. Under TLS a command cannot be told before it is decrypted.
std::size_t Session::next_command() {
    if (tls_) return context_.options.server.limits.command_line_octets_max;
    const std::size_t octets = peeked();
    const std::string_view pending(context_.scratch.data(), octets);
    const std::size_t line = pending.find('\n') + 1;
    return line == 0 ? octets : line;
}

/// The number of octets of content to read now from a session that is sure to be bad; 0: the pace holds it,
/// or there is nothing to read. Under TLS the encrypted octets count, since they stay in the kernel while the
/// pace holds; the rest of a record that was read in part comes first.
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

/// Copies the octets that can be read, up to its size, to Context::scratch, and returns their number; 1 at
/// the end of the stream.
std::size_t Session::peeked() {
    auto& scratch = context_.scratch;
    const auto octets = net::peek_some(fd_.get(), scratch.data(), scratch.size());
    if (octets == net::io_would_block) can_read_ = false;
    if (octets == net::io_would_block) return 0;
    return octets <= 0 ? 1 : static_cast<std::size_t>(octets);
}

/// Reads as much as readiness and the pace allow. False: nothing was read, or the session has ended.
bool Session::fill(std::string_view& input) {
    if (!can_read_) return false;
    const bool content = server_.in_content() || server_.awaits_chunk();
    keep(input);  // `input` may stand in the scratch buffer, where the read goes
    input = backlog();
    // Behind a wide window the kernel takes more content than the pace lets us read before the client's timer
    // for the reply runs out (RFC 5321 4.5.3.2.6).
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
    // A short read has emptied the socket, so another read would cost a system call for nothing. After the
    // peer has closed, though, the end of the stream is still to be read, and epoll will not report it again.
    // TLS returns one record at a time, and more may follow.
    if (octets < wanted && !tls_) can_read_ = peer_closed_;
    if (aside_) aside_->told.reset();  // the client goes on, and so it has heard its 250
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

/// Keeps `rest`, the unconsumed end of the input, as the backlog.
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

/// Whether we wait for the client, or for its proxy.
bool Session::for_client() const {
    return waiting_ == Waiting::nothing || waiting_ == Waiting::handshake ||
           waiting_ == Waiting::proxy_header;
}

/// One timer serves the pace and the time-outs. An armed timer that fires early enough is left alone, so that
/// a busy session re-arms nothing.
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
    // The client does not read our replies, or could not understand one yet.
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
    // A client that waits for its last reply hears 421 and will try again: a duplicate at worst, never a
    // loss.
    const bool in_mid_reply = waiting_ == Waiting::handshake || waiting_ == Waiting::pregreet;
    if (!lingering_ && !closing_ && !in_mid_reply && say_the_rest())
        (void)write_socket(farewell.data(), farewell.size());
    end();
}

/// Sends the rest of the current reply, so that the farewell is a line of its own. True: all of it is sent.
bool Session::say_the_rest() {
    if (sending_.empty()) return true;
    return write_socket(sending_.data(), sending_.size()) == static_cast<std::ptrdiff_t>(sending_.size());
}

/// Closes once everything is sent. With unread input, close(2) would reset the connection, and the reset can
/// overtake our last reply (RFC 9293 3.10.4); then we close our direction only and read on for a moment.
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
    end();  // the client keeps sending after our last reply, and risks the reset
}

void Session::end() {
    if (ended_) return;
    ended_ = true;
    disarm();
    case_.withdraw();
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
