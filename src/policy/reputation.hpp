// What is believed of a client from how it and those around it have behaved: a share of bad conduct, and how
// sure that is.
//
// The belief is a Beta distribution over the share of bad among good and bad evidence, which decays elsewhere
// (src/store). It begins flat: who is unknown is not bad. The evidence of those around it, its network, its
// ASN (autonomous system: whose network that is) and its country, is worth a few observations at most, so it
// says something of an address nobody has seen (snowshoe spam comes from many), and gives way to what the
// address does itself. So does a wider circle to a narrower one: what was seen once is not counted in each of
// them. Only what is sure counts: the weight follows the bound of the belief that is nearer to "unknown". No
// I/O.
#pragma once

namespace sluice::policy {

/// Sums of weighted observations, 0 or more.
struct Evidence {
    double good = 0;
    double bad = 0;

    double sum() const { return good + bad; }
    bool operator==(const Evidence&) const = default;
};

/// Of an address and of those around it. What an address does is evidence in each of its circles.
struct Evidences {
    Evidence client = {};
    Evidence network = {};
    Evidence asn = {};
    Evidence country = {};

    bool operator==(const Evidences&) const = default;
};

/// What each counts for, in observations: the client's in full, that of its network up to 4; that of others
/// in its ASN up to 3 and in its country up to 1, as far as the narrower circles leave of those 4.
Evidences counted(const Evidences& evidences);

/// Where the share of bad lies: its mean, and bounds it is within with a probability of 80 %.
struct Standing {
    double low = 0;
    double mean = 0;
    double high = 0;
};

Standing standing_of(const Evidences& evidences);

/// 0 where half and half is within the bounds; `weight_max` for one who is surely bad, its negative for one
/// who is surely good.
int weight_of(const Standing& standing, int weight_max);

/// What a session has done that others should hear of.
struct Conduct {
    unsigned accepted = 0;  // messages
    unsigned unknown_recipients = 0;
    unsigned refused = 0;  // messages, by the MTA, for good (5xx)
    unsigned traps = 0;    // recipients that nobody writes to but spammers
    unsigned spam = 0;     // messages, by a filter
    unsigned viruses = 0;
    bool left_early = false;  // by itself, while it was slow, without QUIT

    bool operator==(const Conduct&) const = default;
};

/// No session weighs more than a few: neither one long day of a mailing list, nor one bad one.
inline constexpr double good_of_a_session_max = 3;
inline constexpr double bad_of_a_session_max = 8;

Evidence evidence_of(const Conduct& conduct);

}  // namespace sluice::policy
