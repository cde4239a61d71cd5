// Decides which MTAs may get strangers' mail: the pool's part of relay_proof.hpp.
#include <fmt/format.h>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "relay/pool.hpp"

namespace sluice::relay {

namespace {

constexpr std::string_view relays_remedy =
    ". Whoever reaches Sluice could send mail anywhere through it, so no mail goes there: see mynetworks and "
    "smtpd_relay_restrictions of that listener; `sluice check` prints the lines it needs. If it is meant to "
    "take everything, as a sink is, set takes_any_domain = true for it in relay.mta";

constexpr std::string_view no_identity_remedy =
    "it does not offer XCLIENT to us. It would take every client for Sluice and grant it what it grants "
    "Sluice, so no mail goes there: give it the listener that `sluice check` prints, or set identity = "
    "\"none\" for it in relay.mta if it is not to know its clients";

}  // namespace

/// Called after the greeting. False: the MTA must be told who its clients are, but offers no way; the
/// connection has been discarded.
bool Pool::has_identity(Connection& connection) {
    const IdentityBy by = connection.upstream().options.identity;
    if (!needs_xclient(by) || connection.lease().carry == Carry::xclient) return true;
    distrust(connection, Distrust::no_identity, no_identity_remedy);
    return false;
}

/// True: a proof is due on this connection. None can be made on a connection that speaks for a client (with
/// the PROXY protocol, open() opens one for the stranger instead).
bool Pool::wants_proof(Connection& connection) const {
    const Connection::Lease& lease = connection.lease();
    if (lease.carry == Carry::proxy && !lease.introduction.empty()) return false;
    return connection.upstream().trust.due(loop_.now(), lease.own_ehlo);
}

/// Takes the next step of the proof that is made on the connection.
void Pool::prove(Connection& connection) {
    Connection::Lease& lease = connection.lease();
    smtp::Dialogue& dialogue = connection.dialogue();
    if (!lease.proof) return;
    switch (lease.proof->next()) {
        case RelayProof::Step::ask:
            if (!dialogue.ask(proof_envelope())) break;  // it has no parameters, so this cannot happen
            connection.send();
            return;
        case RelayProof::Step::introduce:
            lease.introduction = xclient_introduction(proof_stranger(), lease.attributes);
            dialogue.introduce(lease.introduction.preface, lease.introduction.helo, lease.introduction.esmtp);
            connection.send();
            return;
        case RelayProof::Step::over: break;
    }
    proof_over(connection);
}

void Pool::proof_over(Connection& connection) {
    Connection::Lease& lease = connection.lease();
    Upstream& upstream = connection.upstream();
    const std::optional<RelayProof> made = std::exchange(lease.proof, std::nullopt);
    if (!made) return;
    const RelayProof& proof = *made;
    if (proof.finding() == RelayProof::Finding::relays) {
        distrust(connection, Distrust::relays,
                 fmt::format("it would take mail {}{}", proof.taken(), relays_remedy));
        return;
    }
    // Another connection has shown since this proof began that the MTA relays: the older "no" must not undo
    // that.
    if (upstream.trust.outdates(lease.proof_began_at)) {
        discard(connection);
        return schedule_pump();
    }
    // An answer that is no SMTP may hide a yes, so the connection counts as lost and the proof is made again.
    if (proof.finding() == RelayProof::Finding::garbled) return lost(connection, Outcome::lost);
    // An MTA that only breaks off is trusted in the end (Trust::unheard_max): it relays nothing, and good
    // mail flows.
    if (proof.finding() == RelayProof::Finding::unheard) {
        if (!upstream.trust.unheard()) return lost(connection, Outcome::lost);
        notice_("mta_relay_check_unanswered", upstream.name,
                fmt::format("it broke off {} times in a row at the question whether it relays for strangers "
                            "({}): that is taken for a no",
                            Trust::unheard_max, connection.failure()));
    }
    // Trust is set before put_to_use(), which offers the connection to waiting jobs.
    upstream.trust.proved(loop_.now(), options_.pool.relay_check, proof.settled(), lease.own_ehlo);
    upstream.offered = proof.offered().value_or(lease.own_ehlo);
    put_to_use(connection);
}

/// No mail goes to this MTA until a proof has found otherwise; what is in progress there is finished. The
/// operator hears of it at each attempt, at most a minute apart.
void Pool::distrust(Connection& connection, Distrust why, std::string_view sentence) {
    Upstream& upstream = connection.upstream();
    upstream.trust.lost(why, loop_.now());
    upstream.health.failed(loop_.now());
    discard(connection);
    // A copy, because retire_politely() changes idle_.
    const std::vector<Connection*> idle = idle_;
    for (Connection* each : idle) {
        if (&each->upstream() == &upstream) retire_politely(*each);
    }
    notice_(why == Distrust::relays ? "mta_relays_for_strangers" : "identity_not_carried", upstream.name,
            sentence);
    note_down(upstream, sentence);
    schedule_pump();
}

}  // namespace sluice::relay
