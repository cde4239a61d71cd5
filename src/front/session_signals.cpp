// The signals that a session notices while it talks with its client.
#include <algorithm>

#include "base/ascii.hpp"
#include "front/helo_inquiry.hpp"
#include "front/session.hpp"
#include "front/transaction.hpp"
#include "policy/client_name.hpp"
#include "policy/helo.hpp"

namespace sluice::front {

void Session::notice_oddities() {
    const smtp::Oddities odd = server_.take_oddities();
    if (is_health_check()) return;
    if (odd.early_pipelining) notice(policy::SignalId::early_pipelining);
    if (odd.non_smtp) notice(policy::SignalId::non_smtp);
    if (odd.bare_newline) notice(policy::SignalId::bare_newline);
}

/// The last HELO or EHLO counts: after STARTTLS the client says it again, perhaps with another name.
void Session::judge_hello() {
    if (is_health_check()) return;
    using enum policy::SignalId;
    if (found_) {
        for (const auto id : {helo_syntax, helo_bare, helo_ours, helo_literal, helo_loopback_literal,
                              helo_wrong_literal, helo_unresolvable})
            forget_signal(policy::row_of(id).name);
        forget_signal("dns_error", "helo");
    }
    inquiry_.reset();
    const std::string& name = server_.helo();
    // Finding our address costs a system call, so it is found only where it matters.
    const std::string_view our_name = context_.options.server.hostname;
    const bool ours_matters = name.starts_with('[') || ascii::starts_with(name, our_name);
    const policy::HeloFacts facts{peer_.address, our_name,
                                  ours_matters ? destination().address : IpAddress()};
    if (const auto sign = policy::judge_helo(name, facts)) {
        notice(*sign);
    } else {
        ask_about_hello();
    }
    if (unjudged_) judge();
}

/// Asks DNS about the HELO name. Nothing waits for the answer until the first recipient.
void Session::ask_about_hello() {
    const auto& policy = context_.options.policy;
    net::Resolver* const resolver = context_.surroundings.resolver;
    if (resolver == nullptr || !policy.signals.on(policy::SignalId::helo_unresolvable)) return;
    if (policy::is_this_host(peer_.address) || server_.authenticated() || listed() ||
        !policy::is_full_name(server_.helo()))
        return;
    inquiry_ = std::make_unique<HeloInquiry>(context_.loop(), *resolver, context_.metrics(),
                                             policy.dns_deadline, server_.helo(),
                                             [this](net::DnsAnswer::Status status) { hello_found(status); });
}

void Session::hello_found(net::DnsAnswer::Status status) {
    inquiry_.reset();
    if (status == net::DnsAnswer::Status::absent) {
        notice(policy::SignalId::helo_unresolvable);
    } else if (unknown(status)) {
        note(dns_error("helo", status));
    }
    if (waiting_ != Waiting::inquiry) return;
    waiting_ = Waiting::nothing;
    if (unjudged_) judge();
    ask_recipient();
    advance();
}

/// Notes what the recipient in question says about the client that names it.
void Session::note_recipient() {
    const auto& policy = context_.options.policy;
    const std::string& recipient = server_.recipient().address;
    if (policy.trap_recipients.contains(recipient)) {
        record_.traps = 1;
        notice(policy::SignalId::trap_recipient, recipient);
    }
    const smtp::Envelope& envelope = server_.envelope();
    if (!envelope.sender.empty()) return;
    const std::size_t named = envelope.recipients.size() + transaction_->record.recipients_refused + 1;
    if (named >= policy.null_sender_recipients)
        notice(policy::SignalId::null_sender_fanout, std::to_string(named));
}

void Session::note_unknown_recipient() {
    const auto& options = context_.options.policy.unknown_recipients;
    const unsigned count =
        context_.unknown_recipients.add(peer_.address, server_.recipient().address, context_.now());
    if (options.slow_after == 0 || count < options.slow_after) return;
    notice(policy::SignalId::unknown_recipients, std::to_string(count));
}

}  // namespace sluice::front
