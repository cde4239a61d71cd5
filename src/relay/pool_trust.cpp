// Which MTAs strangers' mail may go to: the pool's part of relay_proof.hpp.
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

/// Greeted. False: it cannot tell the MTA who its clients are, though it is to, and is gone.
bool Pool::has_identity(Connection& connection) {
    const IdentityBy by = connection.upstream().options.identity;
    if (!needs_xclient(by) || connection.lease().carry == Carry::xclient) return true;
    distrust(connection, Distrust::no_identity, no_identity_remedy);
    return false;
}

/// A proof is due; on a connection of a client's own none can be made (open() sees to it that one is).
bool Pool::wants_proof(Connection& connection) const {
    const Connection::Lease& lease = connection.lease();
    if (lease.carry == Carry::proxy && !lease.introduction.empty()) return false;
    return connection.upstream().trust.due(loop_.now(), lease.own_ehlo);
}

/// The next step of the proof that is made on the connection.
void Pool::prove(Connection& connection) {
    Connection::Lease& lease = connection.lease();
    smtp::Dialogue& dialogue = connection.dialogue();
    if (!lease.proof) return;
    switch (lease.proof->next()) {
        case RelayProof::Step::ask:
            if (!dialogue.ask(proof_envelope())) break;  // it has no parameters: that does not happen
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
    if (upstream.trust.outdates(lease.proof_began_at)) {
        discard(connection);
        return schedule_pump();
    }
    if (proof.finding() == RelayProof::Finding::garbled) return lost(connection, Outcome::lost);
    if (proof.finding() == RelayProof::Finding::unheard) {
        if (!upstream.trust.unheard()) return lost(connection, Outcome::lost);
        notice_("mta_relay_check_unanswered", upstream.name,
                fmt::format("it broke off {} times in a row at the question whether it relays for strangers "
                            "({}): that is taken for a no",
                            Trust::unheard_max, connection.failure()));
    }
    upstream.trust.proved(loop_.now(), options_.pool.relay_check, proof.settled(), lease.own_ehlo);
    upstream.offered = proof.offered().value_or(lease.own_ehlo);
    put_to_use(connection);
}

/// Nobody's mail goes to this MTA until a proof has found otherwise; what is under way there is finished. The
/// operator hears of it at each attempt, a minute apart at most.
void Pool::distrust(Connection& connection, Distrust why, std::string_view sentence) {
    Upstream& upstream = connection.upstream();
    upstream.trust.lost(why, loop_.now());
    upstream.health.failed(loop_.now());
    discard(connection);
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
