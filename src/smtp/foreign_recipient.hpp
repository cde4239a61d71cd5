// The recipients with which Sluice tests whether an MTA relays for strangers (relay/relay_proof.hpp). No MTA
// is responsible for them, so an MTA that accepts them accepts everything.
//
// There are two, because some open relays would refuse one of them for another reason. The name ends in
// `.example`, which RFC 2606 reserves, so no site has it for its own, as a lab may have example.org. But it
// is not in the DNS, and reject_unknown_recipient_domain refuses it before relaying is considered.
// (example.org would fare no better: it has a null MX.) The address literal is one that RFC 5737 reserves and
// needs no look-up; but Exim accepts no literals at all unless it is told to.
//
// `sluice sink`, which accepts mail for everybody by design, refuses these two recipients and nothing else.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "base/ascii.hpp"

namespace sluice::smtp {

inline constexpr std::array<std::string_view, 2> foreign_recipients = {"sluice-check@not-your-domain.example",
                                                                       "sluice-check@[203.0.113.25]"};

inline bool is_foreign_recipient(std::string_view address) {
    return std::ranges::any_of(
        foreign_recipients, [address](std::string_view foreign) { return ascii::equal(foreign, address); });
}

}  // namespace sluice::smtp
