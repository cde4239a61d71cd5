#include <algorithm>
#include <cassert>
#include <fmt/format.h>
#include <string>
#include <utility>

#include "relay/pool.hpp"
#include "relay/wording.hpp"
#include "wire/proxy_protocol.hpp"

namespace sluice::relay {

namespace {

/// A connection that can serve one identity only waits so long for the next question of the same client.
constexpr Seconds tied_idle_max{5};

/// For so long after a failed handshake an MTA that need not be encrypted is spoken to without.
constexpr Seconds plaintext_time{600};

const smtp::Reply connection_lost{451,
                                  "4.4.2 Lost the connection to the mail server, please try again later"};
const smtp::Reply timed_out{.code = 451,
                            .text = "4.4.2 The mail server does not answer, please try again later"};
const smtp::Reply outcome_unknown{451,
                                  "4.4.2 Lost the connection to the mail server after the message was sent"};
const smtp::Reply identity_refused{.code = 451,
                                   .text = "4.3.0 The mail server would not hear who the client is"};

}  // namespace

unsigned Pool::in_use() const {
    return static_cast<unsigned>(connections_.size());
}

/// Starts connecting, for a job or to see whether the MTA is up. False: it failed at once.
bool Pool::open(Upstream& upstream, Job* job) {
    if (upstream.options.tls.level == MtaTls::dane_only && upstream.records().empty()) {
        upstream.health.failed(loop_.now());
        if (!upstream.tlsa) note_down(upstream, "there is no resolver for its TLSA records");
        return false;  // tlsa_heard() tells, and goes on
    }
    auto made = std::make_unique<Connection>(loop_, options_.pool, options_.hostname, upstream, *this);
    Connection& connection = *made;
    Connection::Lease& lease = connection.lease();
    std::string preface;
    std::string helo;
    if (upstream.options.identity == IdentityBy::proxy_v2) {
        if (job == nullptr) {
            preface = wire::proxy_v2_local_header();
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
    if (job != nullptr) {
        lease.promised_to = job;
        job->promised_ = &connection;
    }
    connections_.push_back(std::move(made));
    return true;
}

/// Tries the MTAs that were down, and keeps the minimum of connections to the preferred ones.
void Pool::maintain() {
    if (draining_) return;
    const auto room = [this] { return in_use() < options_.pool.connections_max; };
    for (const auto& upstream : upstreams_) {
        const bool due = upstream->down() && upstream->opening == 0 && upstream->health.may_try(loop_.now());
        if (due && (room() || !idle_.empty())) {
            if (!room()) retire_politely(*idle_.front());
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
    switch (outcome) {
        case Outcome::opened: opened(connection); break;
        case Outcome::introduced: introduced(connection); break;
        case Outcome::content:
        case Outcome::verified:
        case Outcome::refused:
        case Outcome::delivered: connection.lease().job->reached(connection, outcome); break;
        case Outcome::none:
        case Outcome::answered:
        case Outcome::start_tls:
        case Outcome::tls_refused:
        case Outcome::identity_refused:
        case Outcome::helo_refused:
        case Outcome::lost: lost(connection, outcome); break;
    }
}

void Pool::opened(Connection& connection) {
    Upstream& upstream = connection.upstream();
    Connection::Lease& lease = connection.lease();
    lease.attributes = wire::XclientAttributes::parse(connection.dialogue().ehlo().xclient);
    lease.carry = carry_of(upstream.options.identity, lease.attributes);
    if (upstream.options.identity == IdentityBy::xclient && lease.carry != Carry::xclient) {
        upstream.health.failed(loop_.now());
        discard(connection);
        note_down(upstream, "it does not offer XCLIENT to us");
        schedule_pump();
        return;
    }
    lease.opened = true;
    lease.tied = lease.carry == Carry::proxy;
    lease.opened_at = loop_.now();
    --upstream.opening;
    ++upstream.live;
    upstream.health.succeeded();
    upstream.offered = connection.dialogue().ehlo();
    announce(connection);
    make_idle(connection);
    schedule_pump();
}

/// What the operator should hear about an MTA that can be reached.
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
        notice_("identity_not_carried", upstream.name,
                "it sees every client at our address, and may grant it what it grants us; a Received header "
                "names "
                "the true one");
}

void Pool::introduced(Connection& connection) {
    Connection::Lease& lease = connection.lease();
    // An MTA that does not authorise every address offers XCLIENT no longer to the client we speak for now.
    // (In reply to a HELO it offers nothing; then we shall see.)
    const auto attributes = wire::XclientAttributes::parse(connection.dialogue().ehlo().xclient);
    lease.tied = !connection.upstream().shareable() || !attributes.has(wire::XclientAttributes::addr);
    lease.job->begin(connection);
}

/// The connection is finished, or about to be.
void Pool::lost(Connection& connection, Outcome outcome) {
    Upstream& upstream = connection.upstream();
    const Connection::Lease& lease = connection.lease();
    const std::string why = connection.failure();
    note_failure(connection);
    if (lease.job != nullptr) {
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
        // As a sender that delivers at once without TLS when the handshake fails: mail goes on.
        upstream.plaintext_until = loop_.now() + plaintext_time;
        notice_("mta_tls_failed", upstream.name, connection.failure());
        return;
    }
    const Connection::Lease& lease = connection.lease();
    const bool hung = connection.timed_out() && !connection.content_begun() && !lease.idle;
    if (!lease.opened || hung) upstream.health.failed(loop_.now());
}

void Pool::tlsa_heard(Upstream& upstream) {
    const bool known_before = std::exchange(upstream.tlsa_known, !upstream.records().empty());
    if (!upstream.tlsa_known) return note_down(upstream, upstream.tlsa->why());
    if (known_before) return;
    upstream.health.succeeded();  // it was not tried for want of them
    const bool met = upstream.live + upstream.opening != 0;
    if (!draining_ && !met && in_use() < options_.pool.connections_max) open(upstream, nullptr);
    schedule_pump();
}

void Pool::fail_leased(Connection& connection, Outcome outcome) {
    const Connection::Lease& lease = connection.lease();
    Job& job = *lease.job;
    // It is normal that an MTA gives up an idle connection just when we want it, or has had enough of it.
    // Nothing has been delivered before the content, so asking once more, on a new connection, repeats
    // nothing. After the dot nothing is ever repeated.
    const bool again = lease.may_be_stale && !job.fresh_only_ && !connection.timed_out() &&
                       !connection.content_begun() && outcome != Outcome::helo_refused;
    const std::string mta = connection.upstream().name;
    Failure failure{.reply = connection_lost, .mta = mta};
    if (connection.dot_sent()) {
        failure.reply = outcome_unknown;
    } else if (connection.timed_out()) {
        failure.reply = timed_out;
    } else if (outcome == Outcome::identity_refused) {
        failure = {.reply = identity_refused, .mta = mta, .about_client = true};
    } else if (outcome == Outcome::helo_refused) {
        failure = {
            .reply = scrubbed(connection, connection.dialogue().reply(), options_.hostname, &job.client()),
            .mta = mta,
            .about_client = true};
    }
    if (outcome == Outcome::identity_refused && !again)
        notice_("identity_refused", mta, connection.failure());
    forget(job);
    if (again && job.deadline_ > loop_.now()) {
        job.fresh_only_ = true;
        (job.fast_lane ? fast_ : slow_).push_front(job);
        return;
    }
    job.failed(failure);
}

void Pool::end_lease(Connection& connection) {
    connection.lease().job = nullptr;
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
    if (lease.uses >= options_.pool.uses_max) return false;
    if (loop_.now() - lease.opened_at >= options_.pool.age_max) return false;
    // One that asked with LOCAL whether the MTA is there has nothing else to do.
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

void Pool::retire_politely(Connection& connection) {
    leave_idle(connection);
    leave_upstream(connection);
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
    loop_.retire(std::move(*at));
    list.erase(at);
}

/// The connection no longer counts for its MTA.
void Pool::leave_upstream(Connection& connection) {
    Connection::Lease& lease = connection.lease();
    Upstream& upstream = connection.upstream();
    if (lease.promised_to != nullptr) lease.promised_to->promised_ = nullptr;
    lease.promised_to = nullptr;
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
    learn_offer();
    notice_("mta_down", upstream.name, why);
}

/// What every MTA that may get a message offers; with all of them down, what they last offered.
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
