// Tells an MTA's replies to RCPT that concern the recipient alone, and so hold for any client that asks
// later.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "smtp/reply.hpp"

namespace sluice::relay {

/// The recipient exists: 250. (251 and 252 say less, and are rare enough to be asked again.)
bool says_known(const smtp::Reply& reply);

/// There is no such recipient, and the reason is neither the client, nor the sender, nor a policy: 550, 551,
/// 553 or 556, together with one of
///   5.1.1  bad destination mailbox        (Postfix, Exim, Sendmail: user unknown)
///   5.1.2  bad destination system         (domain does not exist)
///   5.1.3  bad destination address syntax
///   5.1.6  destination mailbox has moved
///   5.1.10 recipient has null MX (RFC 7505); Exchange: no such recipient
/// and nothing else:
///   5.1.0, 5.1.7, 5.1.8 are (or may be) about the sender; 5.7.x is policy; 5.2.x is about the state of a
///   mailbox that exists;
///   5.4.1 is Exchange's refusal by directory, but also its "you may not relay", which is about the client;
///   a reply without an enhanced code may mean anything: Exim refuses unknown users, relaying and blocked
///   clients alike with a bare 550, qmail relaying with a bare 553. Asking again costs the MTA something;
///   refusing an honest sender because of another's guilt is worse.
bool says_unknown(const smtp::Reply& reply);

/// The MTA takes no more recipients in this transaction (RFC 5321 4.5.3.1.10): 452, or the 552 that some
/// servers send instead, with X.5.3, or without an enhanced code but with words that say so.
bool says_too_many(const smtp::Reply& reply);

/// The number of recipients of one transaction that the MTA took before it refused one as too many; nothing =
/// it refused none for that reason.
std::optional<std::size_t> taken_before_too_many(std::span<const smtp::Reply> replies);

}  // namespace sluice::relay
