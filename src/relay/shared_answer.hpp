// What one client was told of a recipient, and when others may be told the same. Pure.
//
// An answer to RCPT holds for the client it was given to. One that may relay hears 250 for any address, and
// one in the MTA's own networks may know addresses that nobody else does; who these are is the MTA's secret.
// So an answer is kept for the client's network (a /24 or a /64; an address alone where the operator has
// named the client), and given to others only when
//   - two clients of the slow lane, in networks that have nothing to do with each other (IPv4 /16, IPv6 /32,
//     of one family: one site has both), were told the same by the MTA itself. That lane is for clients that
//     are under suspicion, as those that guess addresses soon are; insiders are not there;
//   - and nobody was told otherwise, at RCPT or when a message was delivered: then each client is to be asked
//     about for itself, for a day;
//   - and, if it is a refusal, to clients of the slow lane only. A client that nothing speaks against hears
//     "no such user" from the MTA, or what this worker has heard the MTA say to its network; never what
//     another worker says it has heard, which could be a lie of one that was taken over.
// Clients that the operator has named (policy.networks.fast) tell others nothing, and are told nothing by
// them. Where the MTA does not know its clients all this is more careful than it need be.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ip.hpp"
#include "base/time.hpp"
#include "smtp/backend.hpp"
#include "smtp/reply.hpp"

namespace sluice::relay {

/// Whom an MTA has answered, or is to answer.
struct Hearer {
    IpAddress address;
    bool fast_lane = true;
    bool operators_own = false;

    static Hearer of(const smtp::Question& question) {
        return {question.client->address, question.fast_lane, question.operators_own};
    }
    /// For whom its answers are kept: "192.0.2.0" for a network, "=192.0.2.7" for one client.
    std::string kept_for() const;
};

/// Whether two networks (as Hearer::kept_for() says them) have nothing to do with each other, as far as
/// addresses tell.
bool unrelated(std::string_view one, std::string_view other);

/// In ascending order: what is known by more clients comes later.
enum class Standing : std::uint8_t {
    own,        // `heard_by` was told so; it says nothing to others
    heard,      // … and is a client of the slow lane: one more like it, and others will be told
    confirmed,  // two were told so
    disputed,   // two were told different things: each is to ask for itself
};
inline constexpr Seconds dispute_time{24 * 3600};

struct SharedAnswer {
    Standing standing = Standing::own;
    std::string heard_by = {};  // own, heard
    smtp::Reply reply = {};

    bool operator==(const SharedAnswer&) const = default;
};

/// What is to be kept once the MTA has told `hearer` this, where `before` was kept (null = nothing); nothing
/// = what was kept stays as it is. `reply` says that a recipient is known, or that it is not
/// (answer_class.hpp).
std::optional<SharedAnswer> heard_now(const SharedAnswer* before, const Hearer& hearer,
                                      const smtp::Reply& reply);

/// Whether `hearer` may be told this, which others may have kept, without asking the MTA.
bool serves(const SharedAnswer& answer, const Hearer& hearer);

/// "confirmed - 550 5.1.1 User unknown", "heard 192.0.2.0 250 2.1.5 Ok"; lines of the reply are separated by
/// '\n'. Of a disputed one the reply says nothing.
std::string write_shared(const SharedAnswer& answer);
/// Nothing where it is no such text; that of version 0.1.0, a reply alone, was the answer to nobody knows
/// whom.
std::optional<SharedAnswer> read_shared(std::string_view text);

/// For an operator: what a kept text says, and to whom. It may hold octets that others have sent.
std::string describe_shared(std::string_view text);

}  // namespace sluice::relay
