#include "relay/login.hpp"

#include <chrono>
#include <utility>

#include "relay/received.hpp"
#include "relay/wording.hpp"

namespace sluice::relay {

namespace {

const smtp::Reply no_connection{.code = 454, .text = "4.7.0 Temporary authentication failure"};
const smtp::Reply connection_lost{421, "4.4.2 Lost the connection to the mail server, please connect again"};

/// Authenticated clients may go on slowly: a user who is asked for a second factor, a mail that is typed.
constexpr Seconds idle_max{600};

}  // namespace

LoginConnection::LoginConnection(net::Loop& loop, const RelayOptions& options, Upstream& upstream,
                                 smtp::ClientIdentity client, std::function<void()> closed)
    : loop_(loop),
      options_(options),
      upstream_(upstream),
      client_(std::move(client)),
      closed_(std::move(closed)) {}

LoginConnection::~LoginConnection() {
    close();
    closed_();
}

void LoginConnection::authenticate(smtp::AuthQuestion& question) {
    ask(question, Asked::line);
}

void LoginConnection::verify(smtp::RecipientQuestion& question) {
    ask(question, Asked::recipient);
}

void LoginConnection::deliver(smtp::DeliveryQuestion& question) {
    ask(question, Asked::delivery);
}

void LoginConnection::withdrawn() {
    question_ = nullptr;
    close();
}

void LoginConnection::ask(smtp::Question& question, Asked kind) {
    question_ = &question;
    asked_ = kind;
    question.pending = this;
    // Answers never come from inside the question.
    loop_.defer([this, alive = std::weak_ptr(alive_)] {
        if (!alive.expired() && question_ != nullptr) start();
    });
}

/// Does what was asked for, on a connection that is made when there was none before.
void LoginConnection::start() {
    if (!connection_) {
        if (std::exchange(opened_before_, true)) return fail(connection_lost);
        connection_ = std::make_unique<Connection>(loop_, options_.pool, options_.hostname, upstream_, *this);
        Introduction proxy;
        if (carry_of(upstream_.options.identity, {}) == Carry::proxy)
            proxy = proxy_introduction(client_, upstream_.options.address.tcp);
        if (!connection_->open(proxy.preface, proxy.helo)) fail(no_connection);
        return;
    }
    smtp::Dialogue& dialogue = connection_->dialogue();
    bool fits = true;
    if (asked_ == Asked::line) {
        dialogue.say(static_cast<const smtp::AuthQuestion*>(question_)->line);
    } else if (asked_ == Asked::recipient) {
        const auto& asked = *static_cast<const smtp::RecipientQuestion*>(question_);
        fits = dialogue.ask({asked.envelope->sender, asked.envelope->sender_parameters, {*asked.recipient}});
    } else {
        fits = dialogue.deliver(*question_->envelope);
    }
    if (!fits) return fail(unfit_mta);
    connection_->send();
}

void LoginConnection::progressed(Connection& /*connection*/, Outcome outcome) {
    switch (outcome) {
        case Outcome::opened: return introduce();
        case Outcome::introduced: return start();
        case Outcome::content: return send_content();
        case Outcome::answered:
        case Outcome::verified:
        case Outcome::refused:
        case Outcome::delivered: return answer();
        case Outcome::none:
        case Outcome::start_tls:
        case Outcome::tls_refused:
        case Outcome::identity_refused:
        case Outcome::helo_refused:
        case Outcome::lost: break;
    }
    const bool authenticating = asked_ == Asked::line;
    close();
    if (question_ != nullptr) fail(authenticating ? no_connection : connection_lost);
}

/// The MTA is to check passwords, and log failures, in the client's name.
void LoginConnection::introduce() {
    const auto attributes = wire::XclientAttributes::parse(connection_->dialogue().ehlo().xclient);
    carry_ = carry_of(upstream_.options.identity, attributes);
    if (carry_ != Carry::xclient) return start();
    const Introduction client = xclient_introduction(client_, attributes);
    connection_->dialogue().introduce(client.preface, client.helo, client.esmtp);
    connection_->send();
}

void LoginConnection::send_content() {
    const auto& asked = *static_cast<const smtp::DeliveryQuestion*>(question_);
    std::string header;
    if (wants_received_header(carry_, *asked.client, options_))
        header = received_header(*asked.client, asked.envelope->sender_parameters, options_.hostname,
                                 std::chrono::system_clock::now());
    connection_->send_content(std::move(header), asked.message);
}

void LoginConnection::answer() {
    smtp::Question* const question = std::exchange(question_, nullptr);
    question->pending = nullptr;
    const smtp::Answer answer =
        answer_of(*connection_, connection_->dialogue().reply(), options_.hostname, question->client);
    if (connection_->dialogue().usable()) {
        connection_->rest(idle_max);
    } else {
        close();
    }
    question->answered(answer);
}

void LoginConnection::fail(const smtp::Reply& reply) {
    smtp::Question* const question = std::exchange(question_, nullptr);
    question->pending = nullptr;
    question->answered({.reply = reply, .mta = upstream_.name, .by = "none"});
}

void LoginConnection::idle_expired(Connection& /*connection*/) {
    close();
}

void LoginConnection::close() {
    if (!connection_) return;
    connection_->close();
    loop_.retire(std::move(connection_));
}

}  // namespace sluice::relay
