// An answer that one client got about a recipient, and when other clients may be given it. Pure.
//
// An answer to RCPT holds for the client it was given to. A client that may relay hears 250 for any address,
// and one in the MTA's own networks may know addresses that are hidden from others; which clients these are,
// only the MTA knows. So an answer is kept for the client's network (a /24 or a /64; a single address where
// the operator has named the client). It is given to other clients only when
//   - two clients of the slow lane, in unrelated networks (they differ in IPv4 /16 or IPv6 /32, and are of
//     one family, because one site has both), were told the same by the MTA itself. That lane is for clients
//     that are under suspicion, as those that guess addresses soon are; insiders are not there;
//   - and no client was told otherwise, at RCPT or when a message was delivered: after that the MTA is asked
//     for each client separately, for a day;
//   - and, if it is a refusal, to clients of the slow lane only. A client that nothing speaks against hears
//     "no such user" from the MTA, or what this worker has heard the MTA say to its network; never what
//     another worker reports, which could be a lie of a worker that was taken over.
// Clients that the operator has named (policy.networks.fast) neither contribute answers for others nor use
// them. Where the MTA treats all clients alike, all this is more careful than it needs to be.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ip.hpp"
#include "base/time.hpp"
#include "smtp/backend.hpp"
#include "smtp/reply.hpp"

namespace sluice::relay {

/// A client that an MTA has answered, or is to answer.
struct Hearer {
    IpAddress address;
    bool fast_lane = true;
    bool operators_own = false;

    static Hearer of(const smtp::ClientQuestion& question) {
        return {question.client->address, question.fast_lane, question.operators_own};
    }
    /// The key under which its answers are kept: "192.0.2.0" for a network, "=192.0.2.7" for one
    /// client.
    std::string kept_for() const;
};

/// True: two networks (as Hearer::kept_for() writes them) are unrelated, as far as addresses tell.
bool unrelated(std::string_view one, std::string_view other);

/// In ascending order: an answer that more clients confirm comes later.
enum class Standing : std::uint8_t {
    own,        // `heard_by` was told so; it is not given to others
    heard,      // … and is a client of the slow lane: after one more like it, others are told
    confirmed,  // two clients were told so
    disputed,   // two clients were told different things: the MTA is asked for each client
};
inline constexpr Seconds dispute_time{24 * 3600};

struct SharedAnswer {
    Standing standing = Standing::own;
    std::string heard_by = {};  // set for own and heard
    smtp::Reply reply = {};

    bool operator==(const SharedAnswer&) const = default;
};

/// The answer to keep once the MTA has told `hearer` this, where `before` was kept (null = nothing). Nothing
/// = what was kept stays as it is. `reply` says that a recipient is known, or that it is not
/// (answer_class.hpp).
std::optional<SharedAnswer> heard_now(const SharedAnswer* before, const Hearer& hearer,
                                      const smtp::Reply& reply);

/// True: `hearer` may be told this answer, which others may have stored, without asking the MTA.
bool serves(const SharedAnswer& answer, const Hearer& hearer);

/// Writes "confirmed - 550 5.1.1 User unknown", "heard 192.0.2.0 250 2.1.5 Ok"; lines of the reply are
/// separated by '\n'. The reply of a disputed answer carries no meaning.
std::string write_shared(const SharedAnswer& answer);
/// Reads what write_shared() wrote; nothing for any other text. The text of version 0.1.0, a reply alone,
/// does not say which client was answered, so it is nothing too.
std::optional<SharedAnswer> read_shared(std::string_view text);

/// Describes a stored text for an operator: what it says, and to whom. It may hold octets that others have
/// sent.
std::string describe_shared(std::string_view text);

}  // namespace sluice::relay
