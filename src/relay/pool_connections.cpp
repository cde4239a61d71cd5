#include <algorithm>
#include <cassert>
#include <fmt/format.h>
#include <string>
#include <utility>
#include <vector>

#include "relay/answer_class.hpp"
#include "relay/ending.hpp"
#include "relay/pool.hpp"
#include "relay/wording.hpp"
#include "wire/proxy_protocol.hpp"

namespace sluice::relay {

namespace {

/// The time that a connection that can serve only one identity waits for the next question of that client.
constexpr Seconds tied_idle_max{5};

/// The time after a failed handshake in which an MTA is used without TLS, where TLS is optional.
constexpr Seconds plaintext_time{600};

/// The least time between two occasions on which connections to an MTA are closed so that it can greet a new
/// one.
constexpr Seconds relieved_again_after{60};

}  // namespace

unsigned Pool::in_use() const {
    return static_cast<unsigned>(connections_.size());
}

/// Starts connecting, for a job or to see whether the MTA is up. False: the attempt failed at once.
bool Pool::open(Upstream& upstream, Job* job) {
    if (upstream.options.tls.level == MtaTls::dane_only && upstream.records().empty()) {
        upstream.health.failed(loop_.now());
        if (!upstream.tlsa) note_down(upstream, "there is no resolver for its TLSA records");
        return false;  // tlsa_heard() informs the operator and opens the connection later
    }
    auto made = std::make_unique<Connection>(loop_, options_.pool, options_.hostname, upstream, *this);
    Connection& connection = *made;
    Connection::Lease& lease = connection.lease();
    std::string preface;
    std::string helo;
    if (upstream.options.identity == IdentityBy::proxy_v2) {
        if (upstream.trust.due(loop_.now())) job = nullptr;  // the proof, in a stranger's name, comes first
        if (job == nullptr) {
            preface = proxy_introduction(proof_stranger(), upstream.options.address.tcp).preface;
        } else {
            lease.introduction = proxy_introduction(job->client(), upstream.options.address.tcp);
            preface = lease.introduction.preface;
            helo = lease.introduction.helo;
        }
    }
    if (!connection.open(std::move(preface), helo)) {
        upstream.health.failed(loop_.now());
        note_down(upstream, connection.failure());
        return false;
    }
    ++upstream.opening;
    if (job != nullptr) promise(connection, *job);
    connections_.push_back(std::move(made));
    return true;
}

/// Tries the MTAs that were down, and keeps the minimum of connections to the preferred ones.
void Pool::maintain() {
    if (draining_) return;
    const auto room = [this] { return in_use() < options_.pool.connections_max; };
    for (const auto& upstream : upstreams_) {
        // A doubted MTA still counts as up: only a connection for no client shows whether it refuses
        // everybody.
        const bool due = upstream->opening == 0 &&
                         ((upstream->down() && upstream->health.may_try(loop_.now())) || upstream->doubted);
        if (due && (room() || !idle_.empty())) {
            if (!room()) retire_politely(*idle_.front());
            upstream->doubted = false;
            open(*upstream, nullptr);
        }
    }
    const unsigned priority = priority_in_use();
    unsigned count = 0;
    Upstream* candidate = nullptr;
    for (const auto& upstream : upstreams_) {
        if (upstream->options.priority != priority || !upstream->shareable() || upstream->down()) continue;
        count += upstream->live + upstream->opening;
        if (upstream->opening == 0 && upstream->health.may_try(loop_.now())) candidate = upstream.get();
    }
    if (candidate != nullptr && count < options_.pool.connections_min && room()) open(*candidate, nullptr);
}

void Pool::progressed(Connection& connection, Outcome outcome) {
    if (connection.lease().quitting) {
        discard(connection);
        return;
    }
    // While a proof is made, every outcome is its result, even the loss of the connection.
    if (auto& proof = connection.lease().proof) {
        proof->heard(outcome, connection.dialogue());
        prove(connection);
        return;
    }
    switch (outcome) {
        case Outcome::opened: opened(connection); break;
        case Outcome::introduced: introduced(connection); break;
        case Outcome::content:
        case Outcome::verified:
        case Outcome::refused:
        case Outcome::delivered:
            learn_recipients(connection);
            connection.lease().job->reached(connection, outcome);
            break;
        case Outcome::none:
        case Outcome::answered:
        case Outcome::start_tls:
        case Outcome::tls_refused:
        case Outcome::identity_refused:
        case Outcome::client_refused:
        case Outcome::helo_refused:
        case Outcome::out_of_step:
        case Outcome::lost: lost(connection, outcome); break;
    }
}

void Pool::opened(Connection& connection) {
    Upstream& upstream = connection.upstream();
    Connection::Lease& lease = connection.lease();
    lease.attributes = wire::XclientAttributes::parse(connection.dialogue().ehlo().xclient);
    lease.carry = carry_of(upstream.options.identity, lease.attributes);
    lease.own_ehlo = connection.dialogue().ehlo();
    if (!has_identity(connection)) return;
    if (wants_proof(connection)) {
        lease.proof.emplace(lease.carry, !upstream.options.takes_any_domain);
        lease.proof_began_at = loop_.now();
        prove(connection);
    } else {
        // This offer holds until the next proof. Where it promises strangers too much, the mail is deferred,
        // or the parameter is dropped.
        const bool ours = lease.introduction.empty();
        if (ours && upstream.trust.offers_otherwise(lease.own_ehlo)) upstream.offered = lease.own_ehlo;
        put_to_use(connection);
    }
}

void Pool::put_to_use(Connection& connection) {
    Upstream& upstream = connection.upstream();
    Connection::Lease& lease = connection.lease();
    lease.opened = true;
    const bool introduced = lease.carry == Carry::xclient && !lease.introduction.empty();
    // The identity here can only be the stranger's of a proof. If it ties the connection, no client can use
    // it.
    lease.spent = introduced && ties(connection);
    lease.tied = lease.spent || lease.carry == Carry::proxy;
    lease.opened_at = loop_.now();
    --upstream.opening;
    ++upstream.live;
    upstream.health.succeeded();
    upstream.last_words.clear();
    announce(connection);
    if (connection.dialogue().usable()) {
        make_idle(connection);
    } else {
        discard(connection);
    }
    schedule_pump();
}

/// Tells the operator about an MTA that can be reached.
void Pool::announce(Connection& connection) {
    Upstream& upstream = connection.upstream();
    const bool news = !upstream.reached || upstream.told_down;
    upstream.reached = true;
    upstream.told_down = false;
    learn_offer();
    if (news) {
        const auto tls = connection.tls();
        notice_("mta_up", upstream.name,
                fmt::format("it greets us as {}{}", connection.dialogue().greeting_host(),
                            tls ? fmt::format(", with {} and {}", tls->version, tls->cipher) : ""));
    }
    if (connection.lease().carry == Carry::nothing && !std::exchange(upstream.told_identity, true))
        notice_(
            "identity_none", upstream.name,
            "as configured it sees every client at our address, and grants it what it grants us; a Received "
            "header names the true one");
}

void Pool::introduced(Connection& connection) {
    Connection::Lease& lease = connection.lease();
    lease.tied = ties(connection);
    lease.job->begin(connection);
}

/// True: the connection is tied to its client. An MTA that does not authorise every address no longer offers
/// XCLIENT to the client that the connection speaks for now. (In reply to a HELO it offers nothing, so the
/// connection counts as tied.)
bool Pool::ties(Connection& connection) {
    const auto attributes = wire::XclientAttributes::parse(connection.dialogue().ehlo().xclient);
    return !connection.upstream().shareable() || !attributes.has(wire::XclientAttributes::addr);
}

/// The connection has ended, or is about to.
void Pool::lost(Connection& connection, Outcome outcome) {
    Upstream& upstream = connection.upstream();
    const Connection::Lease& lease = connection.lease();
    const std::string why = connection.failure();
    // A refusal of the client must not count as a failure of the MTA: any client could then take the MTA
    // down.
    const bool badly_greeted = greeted_badly(connection, outcome);
    if (!badly_greeted) note_failure(connection);
    if (badly_greeted) {
        fail_promised(connection);
    } else if (lease.job != nullptr) {
        fail_leased(connection, outcome);
    } else {
        discard(connection);
    }
    if (upstream.down()) note_down(upstream, why);
    schedule_pump();
}

void Pool::note_failure(Connection& connection) {
    Upstream& upstream = connection.upstream();
    if (connection.handshake_failed() && upstream.tls_optional()) {
        // Falls back to plaintext, as a sender does that retries at once without TLS: mail keeps flowing.
        upstream.plaintext_until = loop_.now() + plaintext_time;
        notice_("mta_tls_failed", upstream.name, connection.failure());
        return;
    }
    const Connection::Lease& lease = connection.lease();
    const bool hung = connection.timed_out() && !connection.content_begun() && !lease.idle;
    // The loss of an open connection says nothing about the MTA's health: it may have been idle too long. A
    // connection that cannot be opened, or a command that is not answered in time, does.
    const smtp::Dialogue& dialogue = connection.dialogue();
    if (!lease.opened) upstream.last_words = said(dialogue.reply(), dialogue.replied_at());
    if (!lease.opened || hung) upstream.health.failed(loop_.now());
}

void Pool::tlsa_heard(Upstream& upstream) {
    const bool known_before = std::exchange(upstream.tlsa_known, !upstream.records().empty());
    if (!upstream.tlsa_known) return note_down(upstream, upstream.tlsa->why());
    if (known_before) return;
    upstream.health.succeeded();  // it was not tried, for want of TLSA records
    const bool met = upstream.live + upstream.opening != 0;
    if (!draining_ && !met && in_use() < options_.pool.connections_max) open(upstream, nullptr);
    schedule_pump();
}

/// With the PROXY protocol an MTA can refuse the client named to it, instead of a greeting or in reply to its
/// HELO. Such a refusal is no failure of the MTA, or any client could take it down for all. With XCLIENT a
/// connection that is not open yet has introduced nobody but the stranger of the proof.
bool Pool::greeted_badly(Connection& connection, Outcome outcome) const {
    const Connection::Lease& lease = connection.lease();
    const smtp::Reply& reply = connection.dialogue().reply();
    const bool by_proxy = connection.upstream().options.identity == IdentityBy::proxy_v2;
    return by_proxy && outcome == Outcome::lost && !lease.opened && !lease.introduction.empty() &&
           !connection.timed_out() && (reply.transient() || reply.permanent());
}

void Pool::fail_promised(Connection& connection) {
    // "Try later" may apply to every client: a connection for no client finds out.
    if (connection.dialogue().reply().transient()) connection.upstream().doubted = true;
    Job* const job = connection.lease().promised_to;
    Failure failure;
    if (job != nullptr)
        failure = failure_of(connection, {.ours = nullptr, .about_client = true, .for_session = true},
                             options_.hostname, &job->client());
    discard(connection);
    if (job != nullptr) fail(*job, failure);
}

void Pool::fail_leased(Connection& connection, Outcome outcome) {
    const Connection::Lease& lease = connection.lease();
    Job& job = *lease.job;
    // An MTA often closes an idle connection just when it is needed, or after many transactions. Nothing has
    // been delivered before the content, so asking once more, on a new connection, repeats nothing. After the
    // dot nothing is ever repeated.
    const Ending ending{.outcome = outcome,
                        .code = connection.dialogue().reply().code,
                        .content_begun = connection.content_begun(),
                        .dot_sent = connection.dot_sent(),
                        .timed_out = connection.timed_out(),
                        .may_be_stale = lease.may_be_stale};
    const bool again = !job.fresh_only_ && may_ask_again(ending);
    const Sentence sentence = sentence_on(ending);
    const Failure failure = failure_of(connection, sentence, options_.hostname,
                                       sentence.ours == nullptr ? &job.client() : nullptr);
    if (outcome == Outcome::identity_refused && !again)
        notice_("identity_refused", failure.mta, connection.failure());
    // forget() discards the connection: everything needed from it was copied above.
    forget(job);
    if (again && job.deadline_ > loop_.now()) {
        job.fresh_only_ = true;
        queue_.push_front(job);
        return;
    }
    job.failed(failure);
}

void Pool::end_lease(Connection& connection) {
    queue_.let_go(*std::exchange(connection.lease().job, nullptr));
    --connection.upstream().leased;
}

void Pool::make_idle(Connection& connection) {
    Connection::Lease& lease = connection.lease();
    if (!wanted(connection)) {
        retire_politely(connection);
        return;
    }
    lease.idle = true;
    lease.idle_since = loop_.now();
    idle_.push_back(&connection);
    connection.rest(lease.tied ? std::min<Millis>(tied_idle_max, options_.pool.idle_max)
                               : options_.pool.idle_max);
}

bool Pool::wanted(Connection& connection) const {
    const Connection::Lease& lease = connection.lease();
    if (draining_ && waiting() == 0) return false;
    if (lease.spent || connection.upstream().trust.distrusted()) return false;
    if (lease.uses >= options_.pool.uses_max) return false;
    if (loop_.now() - lease.opened_at >= options_.pool.age_max) return false;
    if (lease.opened_at < connection.upstream().opened_after) return false;
    // A stranger's connection only tested whether the MTA is there, and no client can use it.
    return lease.carry != Carry::proxy || !lease.introduction.empty();
}

void Pool::leave_idle(Connection& connection) {
    if (!std::exchange(connection.lease().idle, false)) return;
    idle_.erase(std::ranges::find(idle_, &connection));
}

void Pool::idle_expired(Connection& connection) {
    const Upstream& upstream = connection.upstream();
    const bool needed = upstream.shareable() && upstream.options.priority == priority_in_use() &&
                        upstream.live <= options_.pool.connections_min && !draining_ && wanted(connection);
    if (needed) {
        connection.rest(options_.pool.idle_max);
    } else {
        retire_politely(connection);
    }
    schedule_pump();
}

/// An MTA may have no process left for one more connection, above all around a reload, when its old processes
/// stay for as long as our connections do. Closing the idle ones frees their processes. This happens only
/// once in a while: an MTA that always greets late must keep its connections.
void Pool::greeting_late(Connection& connection) {
    Upstream& upstream = connection.upstream();
    const bool lately = upstream.relieved_at && loop_.now() - *upstream.relieved_at < relieved_again_after;
    if (upstream.live == 0 || lately) return;
    upstream.relieved_at = upstream.opened_after = loop_.now();
    notice_(
        "mta_greeting_late", upstream.name,
        fmt::format("no greeting within {} s, while {} other connections to it live: those are closed when "
                    "idle. Does it have a process for each connection (relay.pool.connections_max times "
                    "the workers)?",
                    Connection::greeting_patience.count(), upstream.live));
    // A copy, because retire_politely() changes idle_.
    const std::vector<Connection*> all = idle_;
    for (Connection* const idle : all)
        if (&idle->upstream() == &upstream) retire_politely(*idle);
    schedule_pump();
}

void Pool::retire_politely(Connection& connection) {
    leave_idle(connection);
    leave_upstream(connection);
    // The connection moves to quitting_ and so no longer counts against connections_max while QUIT is
    // answered.
    const auto at = std::ranges::find(connections_, &connection, &std::unique_ptr<Connection>::get);
    quitting_.push_back(std::move(*at));
    connections_.erase(at);
    connection.quit();
}

void Pool::discard(Connection& connection) {
    connection.close();
    leave_idle(connection);
    auto& list = connection.lease().quitting ? quitting_ : connections_;
    if (!connection.lease().quitting) leave_upstream(connection);
    const auto at = std::ranges::find(list, &connection, &std::unique_ptr<Connection>::get);
    // Not destroyed here: the call may come from inside the connection's own event handler.
    loop_.retire(std::move(*at));
    list.erase(at);
}

/// Removes the connection from the counts of its MTA.
void Pool::leave_upstream(Connection& connection) {
    Connection::Lease& lease = connection.lease();
    Upstream& upstream = connection.upstream();
    break_promise(connection);
    --(lease.opened ? upstream.live : upstream.opening);
}

Upstream* Pool::authenticating() const {
    const auto fits = [](const auto& upstream) {
        return upstream->reached && !upstream->down() && !upstream->offered.auth.empty();
    };
    const auto at = std::ranges::find_if(upstreams_, fits);
    return at == upstreams_.end() ? nullptr : at->get();
}

void Pool::note_down(Upstream& upstream, std::string_view why) {
    if (!upstream.down() || std::exchange(upstream.told_down, true)) return;
    upstream.trust.forget();
    learn_offer();
    notice_("mta_down", upstream.name, why);
}

/// Learns the MTA's recipient limit, if the transaction that has just ended met it.
void Pool::learn_recipients(Connection& connection) {
    const auto taken = taken_before_too_many(connection.dialogue().recipients());
    if (!taken) return;
    Upstream& upstream = connection.upstream();
    if (!upstream.recipients.learn(connection.lease().job->client().address, *taken, loop_.now())) return;
    notice_(
        "recipient_limit_learned", upstream.name,
        fmt::format("it takes {} recipients in one transaction, clients are told so at the next", *taken));
}

std::size_t Pool::recipients_max(const IpAddress& client) const {
    std::size_t least = SIZE_MAX;
    for (const auto& upstream : upstreams_) {
        if (!upstream->down()) least = std::min(least, upstream->recipients.of(client, loop_.now()));
    }
    return least;
}

/// Sets the offer to what every MTA that may get a message supports; with all of them down the last offer
/// stays.
void Pool::learn_offer() {
    smtp::Offer all = options_.allowed.intersect(smtp::Offer::everything());
    bool any = false;
    for (const auto& upstream : upstreams_) {
        if (!upstream->reached || upstream->down()) continue;
        all = all.intersect(upstream->offered.offer);
        any = true;
    }
    if (any) offer_ = all;
}

}  // namespace sluice::relay
