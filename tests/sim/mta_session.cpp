#include "sim/mta_session.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "base/xtext.hpp"
#include "sim/letter.hpp"
#include "sim/mta.hpp"
#include "smtp/command_words.hpp"
#include "smtp/foreign_recipient.hpp"
#include "smtp/xclient_attributes.hpp"
#include "wire/proxy_protocol.hpp"

namespace sluice::sim {

namespace {

const IpAddress stranger = IpAddress::v4({203, 0, 113, 25});

/// The attributes without xtext encoding, and with ADDR at the end, where an attribute before it can swallow
/// it.
std::string bare_xclient(std::string_view attributes) {
    std::vector<std::string_view> words = smtp::command_words(attributes);
    std::ranges::rotate(words, words.begin() + 1);
    std::string text;
    for (const std::string_view word : words) {
        const std::size_t value = word.find('=') + 1;
        text += fmt::format(" {}{}", word.substr(0, value),
                            xtext_decode(word.substr(value)).value_or(std::string(word.substr(value))));
    }
    return text;
}

}  // namespace

MtaSession::MtaSession(World& world, Mta& mta, std::shared_ptr<Link> link)
    : world_(world),
      mta_(mta),
      dice_(world.dice.fork()),
      link_(std::move(link)),
      proxy_awaited_(mta.traits().proxy),
      xclient_hidden_(!mta.traits().anonymous && world.faults.strikes(Fault::mta_hides_xclient)) {
    link_->attach(this);
    link_->connected();
    if (!proxy_awaited_) answer("220 mta.internal.example ESMTP");
}

void MtaSession::blame(std::string what) {
    world_.ledger.violation(link_->number(), std::move(what));
}

void MtaSession::die(bool by_reset) {
    if (std::exchange(gone_, true)) return;
    if (by_reset) {
        link_->reset();
    } else {
        link_->finish_for_good();
    }
}

// ---- input -----------------------------------------------------------------------------------------------

void MtaSession::on_octets(std::string_view octets) {
    if (gone_ || hung_) return;
    input_ += octets;
    go_on();
}

void MtaSession::on_end() {
    if (!closing_) die(false);
}

void MtaSession::go_on() {
    if (world_.agenda.now() < mta_.frozen_until()) {
        world_.agenda.at(mta_.frozen_until(), [this] { go_on(); });
        return;
    }
    while (!gone_ && !hung_ && !closing_ && step()) {
    }
}

bool MtaSession::step() {
    if (proxy_awaited_) return read_proxy_header();
    if (in_content_) return read_content();
    const std::size_t end = input_.find("\r\n");
    if (end == std::string::npos) return false;
    const std::string line = input_.substr(0, end);
    input_.erase(0, end + 2);
    if (replies_owed_ != 0 && (alone_ || !pipelining_told_))
        blame("said before the MTA had answered: " + line);
    alone_ = false;
    obey(line);
    return true;
}

bool MtaSession::read_proxy_header() {
    const wire::ProxyDecoded header = wire::decode_proxy_header(input_);
    if (header.status == wire::ProxyDecoded::Status::malformed) blame("a malformed PROXY header");
    if (header.status != wire::ProxyDecoded::Status::done) return false;
    input_.erase(0, header.octets);
    proxy_awaited_ = false;
    if (header.addresses) {
        identity_.told = true;
        identity_.address = header.addresses->source;
        identity_.port = header.addresses->source_port;
        as_stranger_ = identity_.address == stranger;
    }
    answer("220 mta.internal.example ESMTP");
    return true;
}

bool MtaSession::read_content() {
    if (!answered_early_ && world_.faults.strikes(Fault::mta_answers_early)) {
        answered_early_ = true;
        say("452 4.3.1 no room for more of this");
    }
    const std::size_t searched = content_.size() < 4 ? 0 : content_.size() - 4;
    content_ += std::exchange(input_, {});
    const std::size_t end = content_.starts_with(".\r\n") ? 0 : content_.find("\r\n.\r\n", searched);
    if (end == std::string::npos) return false;
    const std::size_t body = end == 0 ? 0 : end + 2;
    input_ = content_.substr(body + 3);
    content_.resize(body);
    in_content_ = false;
    if (!input_.empty() && !answered_early_) blame("said before the MTA had answered the dot: " + input_);
    do_dot();
    return true;
}

// ---- commands --------------------------------------------------------------------------------------------

void MtaSession::obey(const std::string& line) {
    const auto after = [&line](std::string_view verb) { return std::string_view(line).substr(verb.size()); };
    if (poisoned_ && line != "QUIT") blame("used after it refused an identity: " + line);
    if (line.starts_with("EHLO ")) return do_hello(after("EHLO "), true);
    if (line.starts_with("HELO ")) return do_hello(after("HELO "), false);
    if (line.starts_with("XCLIENT ")) return do_xclient(after("XCLIENT "));
    if (line.starts_with("MAIL FROM:<")) return do_mail(after("MAIL FROM:<"));
    if (line.starts_with("RCPT TO:<")) return do_rcpt(after("RCPT TO:<"));
    if (line == "DATA") return do_data();
    if (line == "RSET") return do_reset();
    if (line == "QUIT") return say_and_close("221 2.0.0 Bye");
    blame("not a command: " + line);
    answer("500 5.5.2 what?");
}

std::string MtaSession::ehlo_reply() const {
    const MtaTraits& traits = mta_.traits();
    std::string reply = "250-mta.internal.example\r\n";
    if (traits.pipelining) reply += "250-PIPELINING\r\n";
    if (traits.xclient && !xclient_hidden_ && (traits.xclient_for_all || !identity_.told))
        reply += traits.xclient_helo ? "250-XCLIENT NAME ADDR PROTO HELO REVERSE_NAME PORT LOGIN\r\n"
                                     : "250-XCLIENT NAME ADDR\r\n";
    return reply +
           "250-ENHANCEDSTATUSCODES\r\n250-SIZE 50000000\r\n250-SMTPUTF8\r\n250-CHUNKING\r\n250 8BITMIME";
}

void MtaSession::do_hello(std::string_view name, bool esmtp) {
    alone_ = true;
    if (in_mail_) blame("EHLO in a transaction");
    identity_.helo = as_shown(fmt::format("{}", fmt::join(smtp::command_words(name), " ")));
    if (esmtp && !mta_.traits().esmtp) return answer("502 5.5.2 what is EHLO?");
    if (identity_.told && world_.faults.strikes(Fault::mta_refuses_identity)) {
        if (!as_stranger_) world_.ledger.mta_said(identity_, "", "", "550");
        poisoned_ = !mta_.traits().proxy;  // with PROXY a HELO may still be tried
        return say("550 5.7.1 that is no name");
    }
    pipelining_told_ = esmtp && mta_.traits().pipelining;
    xclient_told_ = esmtp ? mta_.traits().xclient : xclient_told_;
    answer(esmtp ? ehlo_reply() : "250 mta.internal.example");
}

void MtaSession::do_xclient(std::string_view attributes) {
    alone_ = true;
    if (!xclient_told_ || (identity_.told && !mta_.traits().xclient_for_all))
        blame("XCLIENT that was not offered");
    if (in_mail_) blame("XCLIENT in a transaction");
    const std::string bare =
        world_.faults.planted(Sabotage::bare_xclient) ? bare_xclient(attributes) : std::string(attributes);
    // Attributes that are not named keep the values of the previous client, and so does the address.
    if (!smtp::apply_xclient(bare, told_)) {
        blame("XCLIENT that Postfix would refuse: " + bare);
        return say("501 5.5.4 Bad XCLIENT");
    }
    identity_.told = true;
    identity_.address = told_.address;
    identity_.port = told_.port;
    identity_.xclient_helo = told_.helo;
    identity_.protocol = told_.esmtp ? "ESMTP" : "SMTP";
    if (!mta_.traits().xclient_helo) identity_.protocol.clear();
    as_stranger_ = identity_.address == stranger;
    if (world_.faults.planted(Sabotage::borrow_identity) && !as_stranger_)
        identity_.address = world_.ledger.client(0).address;
    if (world_.faults.strikes(Fault::mta_refuses_identity)) return refuse_identity();
    answer("220 mta.internal.example ESMTP");
}

/// Refuses the command itself, or refuses the client that it names, as the greeting for that client.
void MtaSession::refuse_identity() {
    static constexpr std::string_view refusals[] = {"501 5.5.4 bad attribute",  "550 5.7.0 not from you",
                                                    "421 4.7.0 not now",        "250 2.0.0 what a mistake",
                                                    "554 5.7.1 you of all men", "450 4.7.25 who are you"};
    poisoned_ = true;
    const std::string refusal(dice_.pick(refusals));
    if (refusal.starts_with("554") && !as_stranger_) {
        Introduced named = identity_;
        named.helo = named.xclient_helo;
        world_.ledger.mta_said(named, "", "", refusal);
    }
    say(refusal);
}

void MtaSession::do_mail(std::string_view argument) {
    if (in_mail_) {
        blame("MAIL in a transaction");
        return answer("503 5.5.1 Error: nested MAIL command");
    }
    sender_ = argument.substr(0, argument.find('>'));
    recipients_.clear();
    proof_relayed_ = false;
    // For an anonymous MAIL with a null sender only the recipients tell whether a client is behind it.
    const bool somebodys = !of_nobody() && !(mta_.traits().anonymous && sender_.empty());
    if (somebodys) return do_somebodys_mail();
    in_mail_ = true;
    answer("250 2.1.0 Ok");
}

/// True: the command belongs to no client. It comes in the stranger's name, or before any identity although
/// the MTA is told of clients.
bool MtaSession::of_nobody() const {
    return as_stranger_ || (!identity_.told && !mta_.traits().anonymous);
}

void MtaSession::do_somebodys_mail() {
    if (mta_.is_open_relay_to(link_->number())) blame("mail for an MTA that relays for strangers");
    world_.ledger.mta_hears(link_->number(), identity_, sender_);
    // The fault concerns the connection: no client must ever hear of it, so none is noted.
    if (world_.faults.strikes(Fault::mta_out_of_step)) return answer("503 5.5.1 Error: nested MAIL command");
    std::string reply = "250 2.1.0 Ok";
    if (world_.faults.strikes(Fault::mta_defers)) reply = "451 4.3.0 later";
    if (world_.faults.strikes(Fault::mta_refuses)) reply = "550 5.7.1 not from you";
    in_mail_ = reply.starts_with('2');
    world_.ledger.mta_said(identity_, sender_, "", reply);
    answer(reply);
}

std::string MtaSession::verdict_on(const std::string& recipient) {
    if (!in_mail_) return "503 5.5.1 Error: need MAIL command";
    if (world_.faults.strikes(Fault::mta_defers)) return "450 4.2.0 later";
    if (world_.faults.strikes(Fault::mta_refuses) || recipient.starts_with("policy"))
        return "554 5.7.1 <" + recipient + ">: Recipient address rejected: Access denied";
    if (world_.faults.strikes(Fault::mta_forgets_recipient) || recipient.starts_with("bad"))
        return "550 5.1.1 <" + recipient + ">: Recipient address rejected: User unknown";
    return "250 2.1.5 Ok";
}

void MtaSession::do_rcpt(std::string_view argument) {
    const std::string recipient(argument.substr(0, argument.find('>')));
    if (smtp::is_foreign_recipient(recipient)) return do_proof(recipient);
    if (of_nobody()) blame("mail in nobody's name for " + recipient);
    world_.ledger.mta_hears_recipient(link_->number(), identity_, sender_, recipient);
    const std::string reply = verdict_on(recipient);
    if (in_mail_) world_.ledger.mta_said(identity_, sender_, recipient, reply);
    if (reply.starts_with('2')) recipients_.push_back(recipient);
    answer(reply);
}

/// The product is asking whether we would relay for strangers.
void MtaSession::do_proof(const std::string& recipient) {
    std::string reply = "554 5.7.1 <" + recipient + ">: Relay access denied";
    if (world_.faults.strikes(Fault::mta_defers)) reply = "451 4.3.0 later";
    if (world_.faults.strikes(Fault::mta_relays)) reply = "250 2.1.5 Ok";
    if (reply.starts_with('2')) {
        proof_relayed_ = true;
        if (world_.faults.planted(Sabotage::deny_relaying)) reply = "554 5.7.1 Relay access denied";
        return say(reply);
    }
    if (!proof_relayed_ && recipient == smtp::foreign_recipients.back()) mta_.refused_to_relay();
    answer(reply);
}

void MtaSession::do_data() {
    alone_ = true;
    std::string reply = "354 go on";
    if (world_.faults.strikes(Fault::mta_defers)) reply = "451 4.3.0 later";
    if (world_.faults.strikes(Fault::mta_refuses)) reply = "554 5.7.1 no data";
    if (!in_mail_) reply = "503 5.5.1 Error: need MAIL command";
    if (in_mail_ && recipients_.empty()) reply = "554 5.5.1 Error: no valid recipients";
    in_content_ = reply.starts_with('3');
    answered_early_ = false;
    content_.clear();
    if (in_mail_ && !recipients_.empty()) world_.ledger.mta_said(identity_, sender_, "", reply);
    answer(reply);
}

/// After a refusal the transaction stays open until RSET, as in Postfix when a restriction at the end of the
/// data refuses.
void MtaSession::do_dot() {
    if (answered_early_) return die(dice_.chance(500));
    std::string reply;
    if (world_.faults.strikes(Fault::mta_defers)) reply = "451 4.3.0 later";
    if (world_.faults.strikes(Fault::mta_refuses)) reply = "554 5.7.1 not this";
    if (!reply.empty()) {
        world_.ledger.mta_said(identity_, sender_, "", reply);
        refused_at_dot_ = true;
        if (world_.faults.planted(Sabotage::acknowledge_refused)) {
            reply = "250 2.0.0 Ok: queued";
            in_mail_ = refused_at_dot_ = false;
        }
        return answer(reply);
    }
    in_mail_ = false;
    std::string content = unstuffed(content_);
    if (world_.faults.planted(Sabotage::swap_octets) && content.size() > 60)
        std::swap(content[50], content[content.size() - 5]);
    const Taken taken{.link = link_->number(),
                      .identity = identity_,
                      .sender = sender_,
                      .recipients = recipients_,
                      .content = content};
    const std::size_t number = world_.ledger.mta_took(taken, world_.agenda.now());
    if (world_.faults.planted(Sabotage::deliver_twice)) world_.ledger.mta_took(taken, world_.agenda.now());
    if (world_.faults.strikes(Fault::mta_takes_and_dies)) return die(dice_.chance(500));
    if (world_.faults.strikes(Fault::mta_takes_and_is_late))
        last_reply_ = std::max(last_reply_, world_.agenda.now()) + Seconds{dice_.magnitude(1, 1200)};
    say("250 2.0.0 Ok: queued",
        [this, number] { world_.ledger.mta_answer_read(number, world_.agenda.now()); });
}

void MtaSession::do_reset() {
    const bool lost = std::exchange(refused_at_dot_, false) && world_.faults.planted(Sabotage::lose_reset);
    if (!lost) {
        in_mail_ = false;
        recipients_.clear();
    }
    if (!std::exchange(proof_relayed_, false)) return answer("250 2.0.0 Ok");
    say("250 2.0.0 Ok", [this] { mta_.relayed(static_cast<unsigned>(world_.links.size())); });
}

// ---- replies ---------------------------------------------------------------------------------------------

void MtaSession::answer(std::string reply) {
    if (misbehave(reply)) return;
    say(reply);
}

/// True when no reply is to be sent any more.
bool MtaSession::misbehave(std::string& reply) {
    Faults& faults = world_.faults;
    if (faults.strikes(Fault::mta_resets)) return die(true), true;
    if (faults.strikes(Fault::mta_closes)) return die(false), true;
    if (faults.strikes(Fault::mta_hangs)) return hung_ = true;
    if (faults.strikes(Fault::mta_freezes)) mta_.freeze(Millis{dice_.magnitude(100, 300'000)});
    if (faults.strikes(Fault::mta_late))
        last_reply_ = std::max(last_reply_, world_.agenda.now()) + Millis{dice_.magnitude(100, 120'000)};
    if (faults.strikes(Fault::mta_says_421)) return say_and_close("421 4.3.2 going down"), true;
    if (faults.strikes(Fault::mta_garbage)) reply = dice_.chance(500) ? "\x01\x02 what" : "99 bottles";
    // An extra reply is sent only where it cannot be taken for the reply to the next command.
    const bool nothing_follows = replies_owed_ == 0 && (alone_ || !pipelining_told_);
    if (nothing_follows && faults.strikes(Fault::mta_extra_reply)) reply += "\r\n250 2.0.0 and one more";
    return false;
}

/// Replies in order, after a moment; later while the MTA is frozen.
void MtaSession::say(const std::string& reply, std::function<void()> when_read) {
    ++replies_owed_;
    const Micros think{dice_.chance(800) ? dice_.magnitude(20, 2000) : dice_.magnitude(20, 50'000)};
    last_reply_ = std::max({last_reply_, world_.agenda.now() + think, mta_.frozen_until()});
    world_.agenda.at(last_reply_, [this, reply, when_read = std::move(when_read)] {
        if (gone_) return;
        --replies_owed_;
        link_->send(reply + "\r\n", true);
        if (when_read) link_->when_read(when_read);
    });
}

void MtaSession::say_and_close(const std::string& reply) {
    closing_ = true;
    say(reply);
    world_.agenda.at(last_reply_, [this] { die(false); });
}

}  // namespace sluice::sim
