#include "relay/login.hpp"

#include <chrono>
#include <utility>

#include "relay/answer_class.hpp"
#include "relay/received.hpp"
#include "relay/wording.hpp"

namespace sluice::relay {

namespace {

constexpr int no_authentication_now = 454;  // RFC 4954 6

/// An authenticated client may be slow: its user may have to enter a second factor, or type the mail.
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

/// Ends what was in progress, and the connection with it.
void LoginConnection::question_withdrawn() {
    close();
}

void LoginConnection::ask(smtp::ClientQuestion& asked, Asked kind) {
    take(asked);
    asked_ = kind;
    // An answer must never come from inside the call that asks the question.
    loop_.defer([this, alive = std::weak_ptr(alive_)] {
        if (!alive.expired() && question() != nullptr) start();
    });
}

/// Starts what was asked for, and opens the connection first if there has been none.
void LoginConnection::start() {
    if (!connection_) {
        if (std::exchange(opened_before_, true)) return fail(*sentence_on_login({}, false).ours);
        connection_ = std::make_unique<Connection>(loop_, options_.pool, options_.hostname, upstream_, *this);
        Introduction proxy;
        if (carry_of(upstream_.options.identity, {}) == Carry::proxy)
            proxy = proxy_introduction(client_, upstream_.options.address.tcp);
        if (!connection_->open(proxy.preface, proxy.helo)) fail(*sentence_on_login({}, true).ours);
        return;
    }
    smtp::Dialogue& dialogue = connection_->dialogue();
    bool fits = true;
    if (asked_ == Asked::line) {
        fits = dialogue.say(static_cast<const smtp::AuthQuestion*>(question())->line);
    } else if (asked_ == Asked::recipient) {
        const auto& asked = *static_cast<const smtp::RecipientQuestion*>(question());
        fits = dialogue.ask({asked.envelope->sender, asked.envelope->sender_parameters, {*asked.recipient}});
    } else {
        fits = dialogue.deliver(*question()->envelope);
    }
    if (!fits) return fail(unfit(*connection_));
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
        case Outcome::delivered: return pass_on_reply();
        case Outcome::none:
        case Outcome::start_tls:
        case Outcome::tls_refused:
        case Outcome::identity_refused:
        case Outcome::client_refused:
        case Outcome::helo_refused:
        case Outcome::out_of_step:
        case Outcome::lost: break;
    }
    const smtp::Dialogue& dialogue = connection_->dialogue();
    if (outcome == Outcome::lost && greeted_badly()) outcome = Outcome::client_refused;
    const Ending ending{.outcome = outcome,
                        .code = dialogue.reply().code,
                        .dot_sent = connection_->dot_sent(),
                        .timed_out = connection_->timed_out()};
    const bool authenticating = asked_ == Asked::line;
    Failure failure =
        failure_of(*connection_, sentence_on_login(ending, authenticating), options_.hostname, &client_);
    if (authenticating && failure.reply.transient()) failure.reply.code = no_authentication_now;
    if (question() != nullptr) {
        last_words_ = said(dialogue.reply(), dialogue.replied_at());
    } else if (says_goodbye(dialogue.last().code)) {
        last_words_ = said(dialogue.last(), smtp::Dialogue::Stage::idle);
    }
    close();
    fail(failure);
}

/// True: the greeting concerns the client that a PROXY header has named.
bool LoginConnection::greeted_badly() const {
    using Stage = smtp::Dialogue::Stage;
    const smtp::Dialogue& dialogue = connection_->dialogue();
    const Stage at = dialogue.replied_at();
    const bool greeting = at == Stage::greeting || at == Stage::ehlo || at == Stage::helo;
    return upstream_.options.identity == IdentityBy::proxy_v2 && greeting &&
           (dialogue.reply().transient() || dialogue.reply().permanent());
}

/// The MTA is to check passwords, and log failures, under the client's name.
void LoginConnection::introduce() {
    const auto attributes = wire::XclientAttributes::parse(connection_->dialogue().ehlo().xclient);
    carry_ = carry_of(upstream_.options.identity, attributes);
    if (needs_xclient(upstream_.options.identity) && carry_ != Carry::xclient) {
        close();
        return fail(*sentence_on_login({}, true).ours);
    }
    if (carry_ != Carry::xclient) return start();
    const Introduction client = xclient_introduction(client_, attributes);
    connection_->dialogue().introduce(client.preface, client.helo, client.esmtp);
    connection_->send();
}

void LoginConnection::send_content() {
    const auto& asked = *static_cast<const smtp::DeliveryQuestion*>(question());
    std::string header;
    if (wants_received_header(carry_, *asked.client, options_))
        header = received_header(*asked.client, asked.envelope->sender_parameters, options_.hostname,
                                 std::chrono::system_clock::now());
    connection_->send_content(std::move(header), asked.message);
}

void LoginConnection::pass_on_reply() {
    learn_recipients();
    smtp::Answer found =
        answer_of(*connection_, connection_->dialogue().reply(), options_.hostname, question()->client);
    if (asked_ == Asked::delivery && connection_->dialogue().refused_at() == smtp::Dialogue::Stage::recipient)
        tell_of_recipients(connection_->dialogue(), *question()->envelope, found);
    if (connection_->dialogue().usable()) {
        connection_->rest(idle_max);
    } else {
        close();
    }
    answer(found);
}

void LoginConnection::fail(const smtp::Reply& reply) {
    fail(Failure{.reply = reply, .mta = upstream_.name, .mta_reply = last_words_});
}

void LoginConnection::fail(const Failure& failure) {
    answer(answer_of(failure));
}

/// The MTA's limit on recipients is the same for clients that do not authenticate.
void LoginConnection::learn_recipients() {
    if (const auto taken = taken_before_too_many(connection_->dialogue().recipients()))
        upstream_.recipients.learn(client_.address, *taken, loop_.now());
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
