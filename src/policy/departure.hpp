// What held clients are known by: some bots give up after a time of their own.
//
// A session in the slow lane that the client ends by itself is compared with a table of such times. The bot's
// name is for the log only, and nothing is judged by it: honest programs, too, have a timer of their own
// (swaks and Haraka 30 s, s-nail 42 s), and one that is as long as a bot's is no proof. What counts is that a
// client has left early, whenever that was, and little (Conduct::left_early).
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
    Seconds after{30};     // from connecting to leaving
    Seconds tolerance{1};  // either way, both ends included
};

/// Rustock and Climbot, as they leave who trickles at them.
std::vector<BotSignature> known_bots();

/// The name of the signature nearest to `lasted`, the first of several; empty when none is within its
/// tolerance. It refers to `table`.
std::string_view bot_that_left_after(Millis lasted, std::span<const BotSignature> table);

/// How a client left, by itself and without QUIT.
struct Leaving {
    bool awaited_reply = false;  // one that the pace held back was on its way
    bool put_off = false;        // it had been told a 4yz
    bool delivered = false;      // a message of it had been taken
    Wait wait = {};              // for that reply, so far
};

/// Whether leaving so says that the client is no honest sender: no clock of any that is known had run out,
/// and it was neither put off nor done.
bool leaving_proves_impatience(const Leaving& leaving);

}  // namespace sluice::policy
