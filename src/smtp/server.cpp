// Stepping: lines go in, pending steps come out.
#include "smtp/server.hpp"

#include <cassert>
#include <cstddef>

#include "base/base64.hpp"
#include "smtp/words.hpp"

namespace sluice::smtp {

namespace {

constexpr std::size_t auth_line_octets_max = 12'288;  // RFC 4954 4
constexpr std::string_view break_off = "*";

struct Line {
    std::string_view text;  // without its line end
    bool ends_in_crlf = false;
};

/// Takes a line off the front of `input`; nothing unless one is whole within `octets_max`, its end included.
std::optional<Line> cut_line(std::string_view& input, std::size_t octets_max) {
    const std::size_t newline = input.substr(0, octets_max).find('\n');
    if (newline == std::string_view::npos) return std::nullopt;
    Line line{.text = input.substr(0, newline)};
    line.ends_in_crlf = line.text.ends_with('\r');
    if (line.ends_in_crlf) line.text.remove_suffix(1);
    input.remove_prefix(newline + 1);
    return line;
}

}  // namespace

Server::Server(const ServerOptions& options) : options_(&options) {}

void Server::greet(const Reply& greeting) {
    say(greeting);
    no_service_ = greeting.code == 554;
    close_pending_ = !no_service_ && !greeting.positive();
    prompt_ = close_pending_;
}

Step Server::next(std::string_view& input, const Hello& hello) {
    release();
    // Rendered here rather than in answer(), which is not given the driver's present Hello.
    if (hello_pending_) say_hello(hello);
    for (;;) {
        // The reply to a refused BDAT is pending already, but waits until its chunk is read and dropped.
        if (mode_ == Mode::refused_chunk) {
            drop_chunk(input);
            if (mode_ == Mode::refused_chunk) return Step::need_input;
        }
        // Most commands only set what is pending; the next round of the loop gives it out, one step a call.
        if (const auto step = pending()) return *step;

        std::optional<Step> step;
        switch (mode_) {
            case Mode::command:
                if (!take_line(input)) return Step::need_input;
                break;
            case Mode::overlong_line:
                drop_line(input);
                if (mode_ == Mode::overlong_line) return Step::need_input;
                break;
            case Mode::auth:
                if (!take_response(input)) return Step::need_input;
                break;
            case Mode::overlong_auth:
                drop_line(input);
                if (mode_ == Mode::overlong_auth) return Step::need_input;
                break;
            case Mode::data: step = take_data(input); break;
            case Mode::chunk: step = take_chunk(input); break;
            case Mode::refused_chunk: break;
            case Mode::closed: return Step::close;
        }
        if (step) return *step;
    }
}

/// Releases what the last step lent to the driver.
void Server::release() {
    if (transaction_over_) {
        transaction_over_ = false;
        transaction_.reset();
    }
    if (reply_pending_) return;  // lent_ or own_wire_ holds the reply that is still to be given
    own_wire_.reset();
    lent_ = {};
}

/// The order is a promise of the header: a transaction has ended, and an identity has changed, before the
/// client hears the reply; the handshake and the end of the session come after it.
std::optional<Step> Server::pending() {
    if (asked_ != Step::need_input) return asked_;
    if (ended_pending_) {
        ended_pending_ = false;
        transaction_over_ = true;
        return Step::transaction_ended;
    }
    if (identity_pending_) {
        identity_pending_ = false;
        return Step::identity_changed;
    }
    if (reply_pending_) {
        reply_pending_ = false;
        return Step::reply;
    }
    if (tls_pending_) {
        tls_pending_ = false;
        return Step::start_tls;
    }
    if (close_pending_) mode_ = Mode::closed;  // next() then returns Step::close
    return std::nullopt;
}

/// Takes one command line, or the beginning of one that is too long. False when the line is not whole yet.
bool Server::take_line(std::string_view& input) {
    const std::size_t octets_max = options_->limits.command_line_octets_max;
    if (const auto line = cut_line(input, octets_max)) {
        obey(line->text, line->ends_in_crlf, !input.empty());
        return true;
    }
    if (input.size() < octets_max) return false;
    prompt_ = false;
    const std::string_view head = input.substr(0, octets_max);
    const bool announces_chunk = find_command(first_word(head)) == find_command("BDAT");
    input.remove_prefix(head.size());
    mode_ = Mode::overlong_line;
    if (announces_chunk) {
        // The length of its chunk is not known, so the chunk would be taken for commands.
        mode_ = Mode::command;
        refuse(Say::command_too_long);
        close_pending_ = true;
    }
    return true;
}

void Server::drop_line(std::string_view& input) {
    const std::size_t newline = input.find('\n');
    if (newline == std::string_view::npos) {
        input.remove_prefix(input.size());
        return;
    }
    input.remove_prefix(newline + 1);
    if (mode_ == Mode::overlong_auth) {
        mode_ = Mode::auth;
        lent_ = break_off;
        return ask(Step::ask_auth_response);  // the driver hears "*", as if the client had broken off
    }
    mode_ = Mode::command;
    refuse(Say::command_too_long);
}

/// Takes one line of an AUTH exchange (RFC 4954 4), or the beginning of one that is too long. A line that is
/// not base64 breaks off the exchange. False when the line is not whole yet.
bool Server::take_response(std::string_view& input) {
    const auto line = cut_line(input, auth_line_octets_max);
    if (!line) {
        if (input.size() < auth_line_octets_max) return false;
        input.remove_prefix(auth_line_octets_max);
        mode_ = Mode::overlong_auth;
        return true;
    }
    if (!line->ends_in_crlf) odd_.bare_newline = true;
    const bool fits = (line->ends_in_crlf || options_->bare_newlines == BareNewlines::normalise) &&
                      (line->text.empty() || is_base64(line->text));
    lent_ = fits ? line->text : break_off;
    ask(Step::ask_auth_response);
    return true;
}

void Server::answer(const Reply& reply) {
    const Step asked = asked_;
    asked_ = Step::need_input;
    prompt_ = prompt_ || asked == Step::ask_message || reply.code == 421;
    switch (asked) {
        case Step::ask_helo: helo_answered(reply); break;
        case Step::ask_mail:
            say(reply);
            if (!reply.positive()) transaction_.reset();
            break;
        case Step::ask_rcpt:
            say(reply);
            if (!reply.positive()) break;
            transaction_->envelope.recipients.push_back(std::move(transaction_->recipient));
            break;
        case Step::ask_data: content_answered(reply); break;
        case Step::ask_starttls: starttls_answered(reply); break;
        case Step::ask_auth:
        case Step::ask_auth_response: auth_answered(reply); break;
        case Step::ask_message:
            say(reply);
            if (reply.positive()) junk_commands_ = 0;
            transaction_.reset();
            break;
        default: assert(false && "nothing was asked"); return;
    }
    if (reply.code == 421) {
        mode_ = Mode::command;  // closes now, and no longer waits for a chunk
        ended_pending_ = false;
        close_pending_ = true;
    }
}

void Server::terminate(const Reply& reply) {
    if (mode_ == Mode::closed) return;
    asked_ = Step::need_input;
    identity_pending_ = false;
    tls_pending_ = false;
    hello_pending_ = false;
    mode_ = Mode::command;
    say(reply);
    prompt_ = close_pending_ = true;
}

void Server::helo_answered(const Reply& reply) {
    if (!reply.positive()) {
        // "MUST stay in the same state … that it was in before the EHLO was received" (RFC 5321 4.1.4).
        esmtp_ = esmtp_before_;
        say(reply);
        return;
    }
    end_transaction(EndedBy::helo);
    greeted_ = true;
    hello_pending_ = true;
}

void Server::content_answered(const Reply& reply) {
    if (!reply.positive() && !reply.intermediate()) {
        say(reply);
        if (!chunk_asked_) return;  // the transaction stays open, DATA may come again
        end_transaction(EndedBy::refused);
        mode_ = Mode::refused_chunk;
        return;
    }
    const auto framing = chunk_asked_ ? DataDecoder::Framing::counted : DataDecoder::Framing::dot;
    transaction_->decoder.emplace(framing, options_->bare_newlines, options_->limits.text_line_octets_max);
    mode_ = chunk_asked_ ? Mode::chunk : Mode::data;
    if (!chunk_asked_) say(Say::start_content);
}

void Server::starttls_answered(const Reply& reply) {
    if (!reply.positive()) return say(reply);
    say(Say::start_tls);
    tls_pending_ = true;
    forget_hello();
}

void Server::auth_answered(const Reply& reply) {
    lent_ = {};
    say(reply);
    mode_ = reply.code == 334 ? Mode::auth : Mode::command;
    authenticated_ = reply.positive();
    if (!reply.permanent()) return;  // a transient failure is not the client's fault
    if (++errors_ > options_->limits.errors_max) close_for(Say::too_many_errors);
}

/// Forgets the greeting, as if the client had just connected: it has said no EHLO and was offered nothing.
void Server::forget_hello() {
    greeted_ = false;
    esmtp_ = false;
    authenticated_ = false;
    helo_.clear();
    hello_.reset();
}

/// The client's last HELO or EHLO reply; null = it has said neither.
const Hello::Told* Server::told() const {
    if (!hello_) return nullptr;
    return &(!told_esmtp_ ? hello_->plain() : secure_ ? hello_->secure() : hello_->esmtp());
}

const Offer& Server::offered() const {
    const Hello::Told* const last = told();
    return last == nullptr ? nothing_offered : last->offer;
}

/// Gives the reply to an accepted HELO or EHLO, which fixes the extensions that the client may use from now
/// on.
void Server::say_hello(const Hello& hello) {
    hello_pending_ = false;
    hello_.reset(&hello);
    told_esmtp_ = esmtp_;
    own_wire_.reset();
    lent_ = told()->wire;
    reply_code_ = 250;
    reply_pending_ = true;
}

void Server::say(Say what) {
    const FixedReply& reply = fixed_reply(what);
    own_wire_.reset();
    lent_ = offered().has(Extension::enhanced_status_codes) ? reply.enhanced : reply.plain;
    reply_code_ = reply.code;
    reply_pending_ = true;
}

void Server::say(const Reply& reply) {
    own_wire_ = std::make_unique<std::string>();
    append_wire(reply, offered().has(Extension::enhanced_status_codes), *own_wire_);
    reply_code_ = reply.code;
    reply_pending_ = true;
}

/// Refuses a command; beyond errors_max the session ends instead.
void Server::refuse(Say why) {
    if (++errors_ > options_->limits.errors_max) return close_for(Say::too_many_errors);
    say(why);
}

void Server::close_for(Say limit) {
    end_transaction(EndedBy::limits);
    say(limit);
    prompt_ = close_pending_ = true;
}

/// Refuses a client of another protocol, and reads nothing more.
void Server::hang_up(Say why) {
    end_transaction(EndedBy::quit);
    refuse(why);
    prompt_ = close_pending_ = true;
}

void Server::end_transaction(EndedBy why) {
    if (!transaction_ || ended_pending_) return;
    ended_by_ = why;
    ended_pending_ = true;
}

}  // namespace sluice::smtp
