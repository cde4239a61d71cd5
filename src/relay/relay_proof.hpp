// Whether an MTA would carry a stranger's mail anywhere: asked on a connection that has just been opened,
// before anybody's mail goes there.
//
// One who takes mail for a foreign domain from Sluice is an open relay for whoever reaches Sluice. With
// XCLIENT it is asked twice: as what Sluice itself is, before any identity (an identity that got lost on the
// way would leave just that, and 127.0.0.1 may relay nearly everywhere), and in a stranger's name. With the
// PROXY protocol it is asked in a stranger's name only: on a connection that says LOCAL, which is no
// client's, no client's octets ever go. Without an identity every client is what Sluice is.
//
// MAIL FROM:<>, RCPT, RSET: no mail is sent. Only 2yz to a recipient is a yes; every other answer, at
// whatever command, keeps a stranger from relaying. What else the MTA might do for a stranger is not asked,
// and which restriction refused is not known: one that refuses for another reason today (a full disk, an
// unknown domain) hides an open relay until it is gone, so answers that may change soon are good for a minute
// only.
//
// On the way the MTA's offer is learnt as strangers see it: what Postfix offers depends on the client's
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

/// The stranger: an address that RFC 5737 keeps for documentation, with a confirmed name and a literal as its
/// HELO, so that restrictions on clients without a name, and look-ups of the HELO name, hide nothing.
const smtp::ClientIdentity& proof_stranger();
/// From <> to smtp::foreign_recipients.
const smtp::Envelope& proof_envelope();

/// The questions on one connection, and what came of them. Pure: the pool says to the MTA what next() wants.
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
        unheard,  // the connection ended without a word
        garbled,  // what came is not SMTP, and may have been a yes
    };

    /// `asks`: false only learns the offer.
    RelayProof(Carry carry, bool asks);

    Step next() const { return step_ < steps_.size() ? steps_.at(step_) : Step::over; }
    /// How the task that next() wanted has ended.
    void heard(smtp::Dialogue::Outcome outcome, const smtp::Dialogue& dialogue);

    // When it is over.
    Finding finding() const { return finding_; }
    /// What was refused was refused for good, or by policy: asking again soon would tell nothing new.
    bool settled() const { return settled_; }
    /// In whose name, and which recipient, 2yz was said: for the operator.
    const std::string& taken() const { return taken_; }
    /// To the stranger, once introduced.
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

/// Why an MTA that answers gets no stranger's mail.
enum class Distrust : std::uint8_t {
    none,
    no_identity,  // it is to be told who the clients are, and offers no way
    relays,       // it would carry a stranger's mail anywhere
};

/// What a worker knows of an MTA from such proofs. Nothing is forgotten by time alone: an MTA that is not
/// trusted stays so until a proof says otherwise.
class Trust {
  public:
    /// What may change soon is believed for so long at most.
    static constexpr Seconds unsettled_max{60};
    /// A changed offer calls for a proof, but not sooner than this after the last one: MTAs that take turns
    /// behind one address would be asked on every connection.
    static constexpr Seconds apart_min{10};
    /// An MTA that breaks off, or falls silent, at the questions of so many proofs in a row carries nothing
    /// for strangers: that is its answer, and good mail goes on.
    static constexpr unsigned unheard_max = 3;

    Distrust distrust() const { return distrust_; }
    bool distrusted() const { return distrust_ != Distrust::none; }

    /// Nothing is known of it, or no longer.
    bool due(Instant now) const { return !proved_at_ || now >= good_until_; }
    /// The same, on a connection on which it has offered this to us.
    bool due(Instant now, const smtp::EhloReply& offered) const;

    /// It was offered something else when it was proved.
    bool offers_otherwise(const smtp::EhloReply& offered) const { return offered != offered_; }

    void proved(Instant now, Seconds life, bool settled, const smtp::EhloReply& offered);
    void lost(Distrust why, Instant now);
    /// A no to a proof that began at `began` may have been said before the yes that is known: it is no news.
    bool outdates(Instant began) const { return lost_at_ && began <= *lost_at_; }
    /// The MTA was down: it may have come back as another.
    void forget() { proved_at_.reset(); }
    /// A proof ended without a word; true when that is to be taken for a refusal, which it never is of an MTA
    /// that has said yes before.
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
