#include "sim/client_session.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <fmt/format.h>
#include <utility>

#include "sim/client.hpp"
#include "wire/proxy_protocol.hpp"

namespace sluice::sim {

namespace {

/// Swaps two replies that came together.
void swap_replies(std::string& input) {
    const std::size_t first = input.find("\r\n") + 2;
    const std::size_t second = input.find("\r\n", first) + 2;
    if (first < 6 || second < first + 6 || input[3] == '-' || input[first + 3] == '-') return;
    input = input.substr(first, second - first) + input.substr(0, first) + input.substr(second);
}

/// A header of version 1, which is readable, or 2.
std::string proxy_header(const wire::ProxyAddresses& addresses) {
    if (addresses.source_port % 2 == 0 || !addresses.source.is_v4()) return wire::proxy_v2_header(addresses);
    return fmt::format("PROXY TCP4 {} {} {} {}\r\n", addresses.source.to_string(),
                       addresses.destination.to_string(), addresses.source_port, addresses.destination_port);
}

}  // namespace

ClientSession::ClientSession(World& world, Client& client)
    : world_(world),
      client_(client),
      dice_(world.dice.fork()),
      link_(world.make_link('C')),
      port_(static_cast<std::uint16_t>(dice_.between(1024, 65535))),
      sender_(policy::known_senders()[dice_.below(policy::known_senders().size())]),
      letters_left_(1 + dice_.below(3)) {
    link_->attach(this);
    link_->connected();
    const ClientFacts& facts = client_.facts();
    const IpAddress balancer = IpAddress::v4({10, 9, 0, 1});
    world_.door->waiting.push_back({link_, {facts.behind_balancer ? balancer : facts.address, port_}});
    pipelines_ = dice_.chance(500);
    chunks_ = dice_.chance(300);
    if (world_.faults.strikes(Fault::client_impatient)) {
        impatience_ = Seconds{dice_.magnitude(1, 200)};
        struck_ = true;
    }
    if (world_.faults.strikes(Fault::client_reads_slowly)) {
        slow_reader_ = struck_ = true;
        read_now_and_then();
    }
    expected_.push_back({.what = Asked::greeting});
    wait_for_reply();
    if (facts.behind_balancer) say(proxy_header({facts.address, balancer, port_, 25}));
}

// ---- octets in -------------------------------------------------------------------------------------------

void ClientSession::on_octets(std::string_view octets) {
    look_at_the_clock(false);
    input_ += octets;
    if (world_.faults.planted(Sabotage::swap_replies)) swap_replies(input_);
    for (;;) {
        const std::size_t end = input_.find("\r\n");
        if (end == std::string::npos || over_) return;
        const std::string line = input_.substr(0, end);
        input_.erase(0, end + 2);
        take_line(line);
    }
}

void ClientSession::take_line(std::string_view line) {
    int code = 0;
    const std::string_view digits = line.substr(0, 3);
    std::from_chars(digits.begin(), digits.end(), code);
    const bool good = line.size() >= 4 && code >= 200 && code < 600 && (line[3] == ' ' || line[3] == '-');
    if (!good) return blame("a line that is no reply: " + std::string(line));
    reply_text_ += line.substr(4);
    reply_text_ += '\n';
    if (line[3] == '-') return;
    reply(code, std::exchange(reply_text_, {}));
}

void ClientSession::reply(int code, std::string_view text) {
    if (code == 421) {
        dismissed_ = true;
        if (attempt_ != SIZE_MAX && !expected_.empty() && expected_.front().what == Asked::dot)
            world_.ledger.client_heard(attempt_, code, world_.leaving);
        return;
    }
    if (dismissed_) return blame("a reply after the last: " + std::to_string(code));
    if (expected_.empty()) return blame("a reply to nothing: " + std::to_string(code));
    look_at_the_clock(true);
    const Expectation answered = expected_.front();
    expected_.pop_front();
    ++wait_;
    switch (answered.what) {
        case Asked::greeting:
            if (expects(code, {220})) phase_ = Phase::hello;
            break;
        case Asked::hello: hello_answered(code, text); break;
        case Asked::mail: mail_answered(code); break;
        case Asked::recipient: recipient_answered(answered.index, code); break;
        case Asked::data: data_answered(code); break;
        case Asked::chunk: chunk_answered(code); break;
        case Asked::dot: dot_answered(code); break;
        case Asked::reset: expects(code, {250}); break;
        case Asked::quit: dismissed_ = expects(code, {221}); break;
        case Asked::noise: noise_answered(answered, code); break;
    }
    if (over_) return;
    if (expected_.empty()) {
        go_on_later();
    } else {
        wait_for_reply();
    }
}

void ClientSession::on_end() {
    if (over_) return;
    if (!dismissed_ && !struck_ && !world_.leaving) blame("closed without a word");
    link_->finish_for_good();
    end();
}

void ClientSession::on_reset() {
    if (over_) return;
    // A client that cannot even be watched gets 421, but a reset overtakes it when there are unread octets.
    const bool excused = world_.faults.enabled(Fault::watch_refused) && phase_ == Phase::greeting;
    if (!dismissed_ && !struck_ && !world_.leaving && !excused) blame("reset without a word");
    end();
}

// ---- octets out, and their faults ------------------------------------------------------------------------

void ClientSession::say(std::string octets) {
    if (over_) return;
    if (pausing_) {
        held_back_ += octets;
        return;
    }
    if (struck_now(octets)) return;
    link_->send(octets);
    wait_for_reply();
}

/// Sends a part of the octets and then does something else; false = no fault struck.
bool ClientSession::struck_now(std::string& octets) {
    Faults& faults = world_.faults;
    const std::size_t part = dice_.below(octets.size() + 1);
    if (faults.strikes(Fault::client_half_closes)) {
        struck_ = true;
        link_->send(octets);
        link_->finish();
        return true;
    }
    const bool resets = faults.strikes(Fault::client_resets);
    const bool closes = !resets && faults.strikes(Fault::client_closes);
    const bool vanishes = !resets && !closes && faults.strikes(Fault::client_vanishes);
    const bool pauses = !resets && !closes && !vanishes && faults.strikes(Fault::client_pauses);
    if (!resets && !closes && !vanishes && !pauses) return false;
    struck_ = true;
    link_->send(std::string_view(octets).substr(0, part));
    if (pauses) {
        pausing_ = true;
        held_back_ = octets.substr(part);
        world_.agenda.after(Millis{dice_.magnitude(100, 2'000'000)}, [this] { flush(); });
        return true;
    }
    if (resets) link_->reset();
    if (closes) link_->finish_for_good();
    if (vanishes) link_->vanish();
    end();
    return true;
}

void ClientSession::flush() {
    pausing_ = false;
    if (over_) return;
    link_->send(std::exchange(held_back_, {}));
    wait_for_reply();
}

void ClientSession::read_now_and_then() {
    if (over_) return link_->resume();
    link_->resume();
    link_->pause();
    world_.agenda.after(Millis{dice_.magnitude(10, 20'000)}, [this] { read_now_and_then(); });
}

// ---- time ------------------------------------------------------------------------------------------------

/// The timeouts of RFC 5321 4.5.3.2.
Seconds ClientSession::patience(Asked what) const {
    switch (what) {
        case Asked::data: return Seconds{120};
        case Asked::dot: return Seconds{600};
        default: return Seconds{300};
    }
}

void ClientSession::wait_for_reply() {
    if (expected_.empty() || link_->unsent() != 0 || !held_back_.empty()) return;
    asked_at_ = heard_at_ = world_.agenda.now();
    calm_when_asked_ = world_.calm() && !world_.scarce;
    Seconds limit = patience(expected_.front().what);
    if (impatience_.count() != 0) limit = std::min(limit, impatience_);
    if (struck_ && impatience_.count() == 0) limit *= 4;  // the delay may be the client's own doing
    world_.agenda.after(limit, [this, number = ++wait_] {
        if (!over_ && number == wait_) waited_in_vain();
    });
}

/// Checks the timeouts of the sender that the client plays (policy/patience.hpp): would it still be there?
/// Not checked where an MTA may have taken the time, nor before the connection is accepted.
void ClientSession::look_at_the_clock(bool whole_reply) {
    const Micros now = world_.agenda.now();
    const Micros silence = now - std::exchange(heard_at_, now);
    if (struck_ || !calm_when_asked_ || expected_.empty() || world_.leaving) return;
    policy::Awaited what = policy::Awaited::greeting;
    switch (expected_.front().what) {
        case Asked::greeting: break;
        case Asked::hello: what = policy::Awaited::ehlo; break;
        case Asked::mail: what = policy::Awaited::mail; break;
        case Asked::data: what = policy::Awaited::data; break;
        case Asked::quit: what = policy::Awaited::quit; break;
        default: return;
    }
    const auto patience = sender_.patience(what);
    if (!patience) return;
    const bool gaps = sender_.counts_gaps(what);
    if (!gaps && !whole_reply) return;
    const Micros waited = gaps ? silence : now - asked_at_;
    if (waited >= *patience)
        blame(fmt::format("{} would have left after {} ms", sender_.name,
                          std::chrono::floor<Millis>(waited).count()));
}

void ClientSession::waited_in_vain() {
    const bool prompt = world_.calm() && !world_.scarce;
    if (!struck_ && prompt)
        blame(fmt::format("no reply in the {} s of RFC 5321", patience(expected_.front().what).count()));
    struck_ = true;
    leave(dice_.chance(300));
}

/// Demands that a block of the message is taken every three minutes (RFC 5321 4.5.3.2.5).
void ClientSession::watch_blocks(std::uint64_t transmitted_before) {
    world_.agenda.after(Seconds{180}, [this, transmitted_before, attempt = attempt_, chunk = content_at_] {
        if (over_ || attempt != attempt_ || chunk != content_at_ || dismissed_) return;
        if (link_->unsent() == 0) return wait_for_reply();
        constexpr std::uint64_t block = 16384;
        const std::uint64_t transmitted = link_->transmitted();
        // A loop that stalls misses drops.
        const bool stalls = world_.faults.enabled(Fault::loop_stalls) && !world_.calm();
        if (!struck_ && !stalls && transmitted < transmitted_before + block) {
            blame("a block of the message was not taken in 3 minutes");
            return leave(false);
        }
        watch_blocks(transmitted);
    });
}

// ---- the end ---------------------------------------------------------------------------------------------

void ClientSession::leave(bool politely) {
    if (over_) return;
    if (politely) {
        link_->send("QUIT\r\n");
        link_->finish_for_good();
    } else {
        link_->reset();
    }
    end();
}

void ClientSession::end() {
    if (std::exchange(over_, true)) return;
    if (slow_reader_) link_->resume();
    note_unheard();
    link_->detach();
    client_.session_over();
}

void ClientSession::blame(std::string what) {
    world_.ledger.violation(link_->number(), std::move(what));
}

}  // namespace sluice::sim
