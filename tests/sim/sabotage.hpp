// Bugs on purpose, planted between the product and its world: the tests of the checker show that each is
// found.
#pragma once

#include <cstdint>

namespace sluice::sim {

enum class Sabotage : std::uint8_t {
    none,
    swap_octets,          // on the way to an MTA, two octets of content change places
    acknowledge_refused,  // an MTA's refusal of a message reaches the product as 250
    borrow_identity,      // an MTA hears one client's identity where another's was said
    deliver_twice,        // an MTA takes what it has taken once more
    swap_replies,         // replies to a client change places
    deny_relaying,        // an MTA that relays for strangers says that it does not
    lose_descriptor,      // one that the product closes stays open
    lose_memory,          // a block is never given back
    bare_xclient,         // XCLIENT as it was once written: bare octets in HELO, and ADDR behind it
    lose_reset,           // the RSET after a refused message is answered and does not reach the MTA
    hold_reply,           // a patient client hears nothing for ten minutes
    rename_letter,        // a message that comes again has another Message-ID
    hush_reply,           // a client hears nothing for 20 s
};

}  // namespace sluice::sim
