// Tests whether an MTA would relay a stranger's mail to any domain: on a connection that has just been
// opened, before any client's mail goes there.
//
// An MTA that takes mail for a foreign domain from Sluice is an open relay for every client that reaches
// Sluice. With XCLIENT the MTA is asked twice: under Sluice's own identity, before any client's (if an
// identity were lost on the way, Sluice's own would remain, and 127.0.0.1 may relay nearly everywhere), and
// in a stranger's name. With the PROXY protocol it is asked in a stranger's name only: a connection that says
// LOCAL belongs to no client, and no client's octets ever go there. Without an identity, every client looks
// to the MTA like Sluice.
//
// MAIL FROM:<>, RCPT, RSET: no mail is sent. Only 2yz to a recipient is a yes; every other answer, to
// whatever command, keeps a stranger from relaying. The proof does not ask what else the MTA might do for a
// stranger, and cannot know which restriction refused: a refusal for another reason (a full disk, an unknown
// domain) hides an open relay until that reason is gone. So an answer that may change soon is good for a
// minute only.
//
// The proof also learns the MTA's offer as strangers see it: what Postfix offers depends on the client's
// address (smtpd_discard_ehlo_keyword_address_maps), and is seldom less for Sluice itself.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "base/time.hpp"
#include "relay/identity.hpp"
#include "smtp/dialogue.hpp"

namespace sluice::relay {

/// The stranger: an address that RFC 5737 reserves for documentation, with a confirmed name and a literal as
/// its HELO, so that restrictions on clients without a name, and look-ups of the HELO name, hide nothing.
const smtp::ClientIdentity& proof_stranger();
/// The questions: from <> to smtp::foreign_recipients.
const smtp::Envelope& proof_envelope();

/// The questions on one connection, and their result. Pure: the pool says to the MTA what next() asks for.
class RelayProof {
  public:
    enum class Step : std::uint8_t {
        ask,        // put proof_envelope() to the MTA
        introduce,  // introduce proof_stranger()
        over,
    };
    enum class Finding : std::uint8_t {
        refuses,
        relays,
        unheard,  // the connection ended without an answer
        garbled,  // what came is not SMTP, and may have been a yes
    };

    /// `asks`: if false, the proof only learns the offer.
    RelayProof(Carry carry, bool asks);

    Step next() const { return step_ < steps_.size() ? steps_.at(step_) : Step::over; }
    /// Takes the result of the task that next() asked for.
    void heard(smtp::Dialogue::Outcome outcome, const smtp::Dialogue& dialogue);

    // Valid once the proof is over.
    Finding finding() const { return finding_; }
    /// Every refusal was permanent, or by policy: asking again soon would give the same answer.
    bool settled() const { return settled_; }
    /// A phrase for the operator: in whose name, and for which recipient, the MTA said 2yz.
    const std::string& taken() const { return taken_; }
    /// The MTA's offer to the stranger, once introduced.
    const std::optional<smtp::EhloReply>& offered() const { return offered_; }

  private:
    void heard_answer(smtp::Dialogue::Outcome outcome, const smtp::Dialogue& dialogue);
    void heard_introduction(smtp::Dialogue::Outcome outcome, const smtp::Dialogue& dialogue);
    void refused(const smtp::Reply& reply);
    void end(Finding finding);

    std::array<Step, 3> steps_{Step::over, Step::over, Step::over};
    std::size_t step_ = 0;
    Finding finding_ = Finding::refuses;
    bool settled_ = true;
    bool as_stranger_;
    std::string taken_;
    std::optional<smtp::EhloReply> offered_;
};

/// The reason why an MTA that answers gets no client's mail.
enum class Distrust : std::uint8_t {
    none,
    no_identity,  // the MTA must be told who the clients are, but offers no way to do so
    relays,       // it would relay a stranger's mail to any domain
};

/// A worker's knowledge of an MTA from such proofs. Distrust does not expire: an MTA that is not trusted
/// stays so until a proof says otherwise.
class Trust {
  public:
    /// An answer that may change soon is believed for at most this long.
    static constexpr Seconds unsettled_max{60};
    /// A changed offer calls for a proof, but not sooner than this after the last one: otherwise several MTAs
    /// that take turns behind one address would be asked on every connection.
    static constexpr Seconds apart_min{10};
    /// An MTA that breaks off, or falls silent, during the questions of this many proofs in a row is taken to
    /// relay nothing for strangers, so that good mail can flow.
    static constexpr unsigned unheard_max = 3;

    Distrust distrust() const { return distrust_; }
    bool distrusted() const { return distrust_ != Distrust::none; }

    /// A proof is due: nothing is known of the MTA, or no longer.
    bool due(Instant now) const { return !proved_at_ || now >= good_until_; }
    /// A proof is due on a connection on which the MTA has offered `offered` to us.
    bool due(Instant now, const smtp::EhloReply& offered) const;

    /// The MTA's offer differs from the one it made when it was proved.
    bool offers_otherwise(const smtp::EhloReply& offered) const { return offered != offered_; }

    void proved(Instant now, Seconds life, bool settled, const smtp::EhloReply& offered);
    void lost(Distrust why, Instant now);
    /// True: a "no" from a proof that began at `began` may have been said before the "yes" that is known, so
    /// it must not replace that.
    bool outdates(Instant began) const { return lost_at_ && began <= *lost_at_; }
    /// Called when the MTA was down: a different one may have come back in its place.
    void forget() { proved_at_.reset(); }
    /// A proof ended without an answer. True: this counts as a refusal. It never does for an MTA that has
    /// said yes before.
    bool unheard() { return !distrusted() && ++unheard_ >= unheard_max; }

  private:
    std::optional<Instant> proved_at_;
    std::optional<Instant> lost_at_;
    Instant good_until_;
    smtp::EhloReply offered_;  // to us, when it was proved
    unsigned unheard_ = 0;
    Distrust distrust_ = Distrust::none;
};

}  // namespace sluice::relay
