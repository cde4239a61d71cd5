// Bots recognised by the time after which they give up a slow session.
//
// A session in the slow lane that the client ends is compared with a table of such times. The bot's name is
// for the log only, and nothing is judged by it: honest programs, too, give up after a time of their own
// (swaks and Haraka 30 s, s-nail 42 s), and one whose time equals a bot's is no bot for that. Only the fact
// counts that a client has left early, whenever that was, and it counts little (Conduct::left_early).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "policy/patience.hpp"

namespace sluice::policy {

struct BotSignature {
    std::string name;
    Seconds after{30};     // from connect to departure
    Seconds tolerance{1};  // either way, both ends included
};

/// Rustock and Climbot, by the way they leave a slow session.
std::vector<BotSignature> known_bots();

/// The name of the signature nearest to `lasted`, the first of equals; empty when none is within its
/// tolerance. The name refers to `table`.
std::string_view bot_that_left_after(Millis lasted, std::span<const BotSignature> table);

/// How a client left on its own, without QUIT.
struct Leaving {
    bool awaited_reply = false;  // a reply was on its way that the pace held back
    bool put_off = false;        // it had been answered 4yz
    bool delivered = false;      // one of its messages had been accepted
    Wait wait = {};              // for that reply, so far
};

/// Whether this departure shows that the client is no honest sender: no known sender's timer had run out, and
/// the client was neither put off nor done.
bool leaving_proves_impatience(const Leaving& leaving);

}  // namespace sluice::policy
