// The belief about a client from the conduct of it and of its surroundings: a share of bad conduct, and how
// sure that is.
//
// The belief is a Beta distribution over the share of bad in good and bad evidence, which decays elsewhere
// (src/store). It begins flat: an unknown client is not bad. The surroundings are its network, its ASN
// (autonomous system: the owner of the network) and its country. Their evidence is worth a few observations
// at most, so it says something of an address that nobody has seen (snowshoe spam comes from many), and gives
// way to what the address does itself. In the same way a wider circle gives way to a narrower one: an event
// is not counted again in each of them. Only what is sure counts: the weight follows the bound of the belief
// that is nearer to "unknown". No I/O.
#pragma once

namespace sluice::policy {

/// Sums of weighted observations, 0 or more.
struct Evidence {
    double good = 0;
    double bad = 0;

    double sum() const { return good + bad; }
    bool operator==(const Evidence&) const = default;
};

/// The evidence of an address and of its surroundings. What an address does is evidence in each of its
/// circles.
struct Evidences {
    Evidence client = {};
    Evidence network = {};
    Evidence asn = {};
    Evidence country = {};

    bool operator==(const Evidences&) const = default;
};

/// The observations that each counts for: the client's in full, its network's up to 4, its ASN's up to 3 and
/// its country's up to 1. The last two count what the narrower circles have not seen, and the three together
/// at most 4.
Evidences counted(const Evidences& evidences);

/// The share of bad: its mean, and the bounds within which it lies with a probability of 80 %.
struct Standing {
    double low = 0;
    double mean = 0;
    double high = 0;
};

Standing standing_of(const Evidences& evidences);

/// 0 when one half lies within the bounds; up to `weight_max` for a client that is surely bad, down to its
/// negative for one that is surely good.
int weight_of(const Standing& standing, int weight_max);

/// The conduct in a session that other sessions should know of.
struct Conduct {
    unsigned accepted = 0;  // messages
    unsigned unknown_recipients = 0;
    unsigned refused = 0;  // messages, by the MTA, for good (5xx)
    unsigned traps = 0;    // recipients that only spammers write to
    unsigned spam = 0;     // messages, judged by a filter
    unsigned viruses = 0;
    bool left_early = false;  // left on its own, without QUIT, while it was slow

    bool operator==(const Conduct&) const = default;
};

/// The bounds on one session's evidence, so that neither a long day of a mailing list nor one bad session
/// weighs too much.
inline constexpr double good_of_a_session_max = 3;
inline constexpr double bad_of_a_session_max = 8;

Evidence evidence_of(const Conduct& conduct);

}  // namespace sluice::policy
