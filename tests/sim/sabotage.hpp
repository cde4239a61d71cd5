// Bugs planted between the product and its world: the tests of the checker show that each is found.
#pragma once

#include <cstdint>

namespace sluice::sim {

enum class Sabotage : std::uint8_t {
    none,
    swap_octets,          // two octets of content are swapped on the way to an MTA
    acknowledge_refused,  // an MTA's refusal of a message reaches the product as 250
    borrow_identity,      // an MTA is told one client's identity in place of another's
    deliver_twice,        // an MTA receives once more what it has accepted
    swap_replies,         // two replies to a client are swapped
    deny_relaying,        // an MTA that relays for strangers says that it does not
    lose_descriptor,      // a descriptor that the product closes stays open
    lose_memory,          // a block is never freed
    bare_xclient,         // XCLIENT as it was once written: HELO not encoded, and ADDR after it
    lose_reset,           // the RSET after a refused message is answered but does not reach the MTA
    hold_reply,           // a patient client hears nothing for ten minutes
    rename_letter,        // a message that comes again has another Message-ID
    hush_reply,           // a client hears nothing for 20 s
};

}  // namespace sluice::sim
