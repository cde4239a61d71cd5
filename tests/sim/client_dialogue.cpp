// The commands of a client, and the replies that it accepts.
#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "sim/client.hpp"

namespace sluice::sim {

namespace {

struct Noise {
    std::string_view line;
    std::array<int, 3> codes;
    bool fatal = false;  // ends the session
};

/// None of these changes a transaction.
const Noise noises[] = {
    {"NOOP\r\n", {250}},
    {"noop x\r\n", {250}},
    {"VRFY someone\r\n", {252}},
    {"VRFY\r\n", {501}},
    {"HELP\r\n", {214}},
    {"EXPN list\r\n", {502}},
    {"FROB\r\n", {500}},
    {"\r\n", {500}},
    {"AUTH PLAIN AGEAYg==\r\n", {502}},
    {"STARTTLS\r\n", {502}},
    {"XCLIENT ADDR=192.0.2.1\r\n", {500}},
    {"MAIL FROM:<unfinished\r\n", {501, 503}},
    {"MAIL\r\n", {501, 503}},
    {"RCPT TO:bogus@\r\n", {501, 503}},
    {"RCPT TO:<>\r\n", {501, 503}},
    {"HELO\r\n", {501}},
    {"\x01\x80\xff\r\n", {500}},
    {"QUIT now\r\n", {501}},
    {"NOOP\n", {521, 250}, true},
    {"GET / HTTP/1.1\r\n", {554}, true},
    {"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", {554}, true},
    {"BDAT x\r\n", {501}, true},
};

const std::string long_line = "NOOP " + std::string(5000, 'y') + "\r\n";
const Noise overlong{long_line, {500}};

}  // namespace

// ---- when ------------------------------------------------------------------------------------------------

void ClientSession::go_on_later() {
    world_.agenda.after(Micros{dice_.chance(800) ? 0 : dice_.magnitude(100, 1'000'000)}, [this] { go_on(); });
}

/// Called when everything that was said has been answered.
void ClientSession::go_on() {
    if (over_ || dismissed_ || !expected_.empty()) return;
    switch (phase_) {
        case Phase::greeting: break;
        case Phase::hello: return say_hello();
        case Phase::leaving: return say_quit();
        case Phase::letter: break;
    }
    if (by_chunks_ && attempt_ != SIZE_MAX) return say_next_chunk();
    if (step_ <= named_.size() && (step_ == 0 || mail_taken_)) return say_envelope();
    envelope_answered();
}

void ClientSession::say_hello() {
    esmtp_ = dice_.chance(900);
    std::string out;
    say_noise(out);
    out += fmt::format("{} {}\r\n", esmtp_ ? "EHLO" : "HELO", client_.facts().helo);
    expected_.push_back({.what = Asked::hello});
    say(out);
}

void ClientSession::say_noise(std::string& out) {
    while (world_.faults.strikes(Fault::client_noise)) {
        const Noise& noise = dice_.pick(noises);
        if (noise.fatal && dice_.chance(900)) continue;
        const bool too_long = dice_.chance(50);
        const Noise& said = too_long ? overlong : noise;
        out += said.line;
        expected_.push_back({.what = Asked::noise, .index = 0, .codes = said.codes, .fatal = said.fatal});
    }
}

// ---- a letter --------------------------------------------------------------------------------------------

void ClientSession::begin_letter() {
    if (letter_ >= client_.letters().size() || letters_left_ == 0) {
        phase_ = Phase::leaving;
        return;
    }
    --letters_left_;
    named_ = client_.letters()[letter_].recipients;
    promised_.clear();
    step_ = 0;
    mail_taken_ = false;
    attempt_ = SIZE_MAX;
    too_big_ = false;
    by_chunks_ = esmtp_ && chunks_ && offered_chunking_;
    smuggles_ = world_.faults.strikes(Fault::client_smuggles);
}

std::string ClientSession::envelope_command(std::size_t step) {
    const Letter& letter = client_.letters()[letter_];
    if (step == 0) {
        expected_.push_back({.what = Asked::mail});
        const bool says_size = esmtp_ && offered_size_ && dice_.chance(700);
        too_big_ = says_size && letter.octets > world_.size_max;
        return fmt::format("MAIL FROM:<{}>{}\r\n", letter.sender,
                           says_size ? fmt::format(" SIZE={}", letter.octets) : "");
    }
    const std::string& recipient = named_[step - 1];
    world_.ledger.client_named(client_.number(), letter.sender, recipient);
    expected_.push_back({.what = Asked::recipient, .index = step - 1});
    return fmt::format("RCPT TO:<{}>\r\n", recipient);
}

/// Sends one command, or as many as a client may send at once.
void ClientSession::say_envelope() {
    const bool together = pipelines_ && esmtp_ && offered_pipelining_;
    std::string out;
    do {
        say_noise(out);
        out += envelope_command(step_++);
    } while (together && step_ <= named_.size());
    if (together && !by_chunks_ && dice_.chance(700)) {
        out += "DATA\r\n";
        expected_.push_back({.what = Asked::data});
        ++step_;
    }
    say(out);
}

void ClientSession::envelope_answered() {
    const bool data_refused = step_ > named_.size() + 1;
    const bool hopeless = !mail_taken_ || promised_.empty() || data_refused;
    std::string out;
    say_noise(out);
    if (hopeless || world_.faults.strikes(Fault::client_resets_mail)) {
        expected_.push_back({.what = Asked::reset});
        letter_over(false);
        return say(out + "RSET\r\n");
    }
    if (by_chunks_) {
        if (!out.empty()) say(out);
        return say_chunks();
    }
    ++step_;
    expected_.push_back({.what = Asked::data});
    say(out + "DATA\r\n");
}

std::size_t ClientSession::begin_attempt() {
    const Letter& letter = client_.letters()[letter_];
    said_all_ = false;
    if (letter.unheard && letter.unheard->recipients == promised_ && !smuggles_) return begin_again();
    const std::size_t number = world_.ledger.begin({.client = client_.number(),
                                                    .link = link_->number(),
                                                    .port = port_,
                                                    .esmtp = esmtp_,
                                                    .forbidden = false,
                                                    .sender = letter.sender,
                                                    .recipients = promised_,
                                                    .content = {}});
    content_ = make_content(dice_, number, letter.octets);
    if (smuggles_) add_bare_newline(dice_, content_);
    Attempt& attempt = world_.ledger.attempt(number);
    attempt.content = smuggles_ && world_.normalises ? normalised(content_) : content_;
    too_big_ = attempt.content.size() > world_.size_max;
    attempt.forbidden = too_big_ || (smuggles_ && !world_.normalises);
    return number;
}

/// Sends a letter again that went unanswered before, octet by octet the same.
std::size_t ClientSession::begin_again() {
    const Letter::Unheard& unheard = *client_.letters()[letter_].unheard;
    content_ = unheard.content;
    too_big_ = false;
    if (world_.faults.planted(Sabotage::rename_letter)) content_.replace(content_.find("@sim>"), 5, "@sin>");
    world_.ledger.begin_again(unheard.attempt, link_->number(), port_, esmtp_);
    return unheard.attempt;
}

/// Leaves without waiting for the reply to its message (RFC 1047), after about as long as that takes, or
/// less.
void ClientSession::leave_at_dot() {
    if (over_ || pausing_ || !world_.faults.strikes(Fault::client_leaves_at_dot)) return;
    struck_ = true;
    const bool resets = dice_.chance(300);
    world_.agenda.after(Micros{dice_.magnitude(100, 100'000)}, [this, resets, attempt = attempt_] {
        if (over_ || attempt_ != attempt || dismissed_) return;
        if (resets) {
            link_->reset();
        } else {
            link_->finish_for_good();
        }
        end();
    });
}

/// Called when the connection is over: notes a message on it whose fate is not known.
void ClientSession::note_unheard() {
    if (attempt_ == SIZE_MAX || !said_all_ || smuggles_ || too_big_) return;
    const Attempt& attempt = world_.ledger.attempt(attempt_);
    client_.letters()[letter_].unheard = Letter::Unheard{attempt_, promised_, attempt.content};
}

void ClientSession::say_data_content() {
    attempt_ = begin_attempt();
    content_at_ = 0;
    expected_.push_front({.what = Asked::dot});
    said_all_ = true;
    say(stuffed(content_));
    watch_blocks(link_->transmitted());
    leave_at_dot();
}

void ClientSession::say_chunks() {
    attempt_ = begin_attempt();
    content_at_ = 0;
    // Some clients send more than a block in tiny chunks.
    crumbled_ = dice_.chance(200) ? dice_.magnitude(1, 20'000) : 0;
    // The last CRLF may be missing: the product adds it.
    if (dice_.chance(100) && content_[content_.size() - 3] != '\n') content_.resize(content_.size() - 2);
    say_next_chunk();
}

/// Sends one chunk, or all of them where pipelining is offered.
void ClientSession::say_next_chunk() {
    const bool together = pipelines_ && offered_pipelining_;
    std::string out;
    do {
        const std::size_t left = content_.size() - content_at_;
        const std::size_t size = next_chunk(left);
        const bool last = size == left && dice_.chance(800);
        out += fmt::format("BDAT {}{}\r\n", size, last ? " LAST" : "");
        out += std::string_view(content_).substr(content_at_, size);
        content_at_ += size;
        expected_.push_back({.what = last ? Asked::dot : Asked::chunk});
        said_all_ = last;
    } while (together && expected_.back().what != Asked::dot);
    const bool noise_first = expected_.front().what == Asked::noise;
    say(std::move(out));
    if (!noise_first) watch_blocks(link_->transmitted());
    if (said_all_) leave_at_dot();
}

std::size_t ClientSession::next_chunk(std::size_t left) {
    if (content_at_ < crumbled_) return std::min<std::size_t>(left, 1 + dice_.below(8));
    return dice_.chance(400) ? left : dice_.below(left + 1);
}

void ClientSession::letter_over(bool taken) {
    Letter& letter = client_.letters()[letter_];
    if (taken) letter.unheard.reset();
    if (taken)
        std::erase_if(letter.recipients, [this](const std::string& recipient) {
            return std::ranges::find(promised_, recipient) != promised_.end();
        });
    if (letter.recipients.empty()) {
        client_.letters().erase(client_.letters().begin() + static_cast<std::ptrdiff_t>(letter_));
    } else {
        ++letter_;
    }
    attempt_ = SIZE_MAX;
    begin_letter();
}

void ClientSession::say_quit() {
    expected_.push_back({.what = Asked::quit});
    say("QUIT\r\n");
}

// ---- replies ---------------------------------------------------------------------------------------------

bool ClientSession::expects(int code, std::initializer_list<int> codes) {
    const bool expected = std::ranges::find(codes, code) != codes.end();
    if (!expected) blame(fmt::format("{} where {} was to be answered", code, fmt::join(codes, " or ")));
    return expected;
}

void ClientSession::hello_answered(int code, std::string_view text) {
    if (!expects(code, {250})) return leave(true);
    const auto offers = [text](std::string_view keyword) {
        return text.find(keyword) != std::string_view::npos;
    };
    offered_pipelining_ = offers("\nPIPELINING");
    offered_chunking_ = offers("\nCHUNKING");
    offered_size_ = offers("\nSIZE");
    phase_ = Phase::letter;
    begin_letter();
}

void ClientSession::mail_answered(int code) {
    mail_taken_ = expects(code, {too_big_ ? 552 : 250}) && !too_big_;
    if (too_big_) client_.letters()[letter_].recipients.clear();
}

void ClientSession::recipient_answered(std::size_t index, int code) {
    if (!mail_taken_) {
        expects(code, {503});
        return;
    }
    const std::string& recipient = named_[index];
    world_.ledger.client_heard_of(client_.number(), link_->number(), recipient, code, world_.verified);
    if (code == 250) {
        promised_.push_back(recipient);
    } else if (code >= 500) {
        std::erase(client_.letters()[letter_].recipients, recipient);
    } else if (client_.facts().lane != policy::Lane::defer && !struck_ && world_.calm() && !world_.scarce &&
               !world_.leaving) {
        blame(fmt::format("{} for a recipient while all is well", code));
    }
}

void ClientSession::data_answered(int code) {
    if (promised_.empty()) {
        expects(code, mail_taken_ ? std::initializer_list<int>{554} : std::initializer_list<int>{503});
        return;
    }
    if (expects(code, {354})) say_data_content();
}

void ClientSession::chunk_answered(int code) {
    if (code == 250) return;
    expects_refusal(code);
    if (code != 503) world_.ledger.client_heard(attempt_, code, world_.leaving);
    if (!expected_.empty()) return;
    expected_.push_back({.what = Asked::reset});
    letter_over(code == 552);
    say("RSET\r\n");
}

void ClientSession::dot_answered(int code) {
    if (world_.ledger.attempt(attempt_).forbidden) {
        expects_refusal(code);
    } else if (code >= 400 && code < 500) {
        // Recipients that the MTA was not asked about may turn out not to exist.
        if (!struck_ && world_.calm() && !world_.scarce && !world_.leaving && world_.verified)
            blame(fmt::format("{} for a message while all is well", code));
    } else if (code < 500 && code != 250) {
        blame(fmt::format("{} for a message", code));
    }
    world_.ledger.client_heard(attempt_, code, world_.leaving);
    const bool settled = code == 250 || (code >= 500 && !smuggles_);
    letter_over(settled);
}

/// Checks the reply to a message that must not come through. Once a chunk is refused, the chunks behind it
/// have no transaction any more.
void ClientSession::expects_refusal(int code) {
    const bool expected = (code == 503 && by_chunks_) || (code == 550 && smuggles_ && !world_.normalises) ||
                          (code == 552 && too_big_);
    if (!expected)
        blame(fmt::format("{} for a message, or a part of one, that has to be refused or taken", code));
}

void ClientSession::noise_answered(const Expectation& expected, int code) {
    if (std::ranges::find(expected.codes, code) == expected.codes.end())
        blame(fmt::format("{} where {} was to be answered", code, fmt::join(expected.codes, " or ")));
    if (expected.fatal && code != 250) dismissed_ = true;
    const bool chunks_next = by_chunks_ && attempt_ != SIZE_MAX && !expected_.empty() &&
                             (expected_.front().what == Asked::chunk || expected_.front().what == Asked::dot);
    if (chunks_next) watch_blocks(link_->transmitted());
}

}  // namespace sluice::sim
