// The recipients by which Sluice finds out whether an MTA would relay for strangers (relay/relay_proof.hpp):
// nobody's MTA is responsible for them, so that one who takes them takes everything.
//
// There are two, because each alone would be refused by some open relay for another reason. The name ends in
// `.example`, which RFC 2606 keeps: no site has it for its own, as a lab may have example.org; but it is not
// in the DNS, and reject_unknown_recipient_domain refuses it before anybody asks whose it is. (example.org
// would fare no better: it has a null MX.) The literal of an address that RFC 5737 keeps is looked up by
// nobody; but Exim takes no literals at all unless it is told to.
//
// What takes mail for everybody by design, `sluice sink`, refuses these two and nothing else.
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
