// The attributes of an XCLIENT command as Postfix 3.7.11 reads them (XCLIENT_README, and raw sessions).
//
// The simulator's MTA and `sluice sink` stand in for Postfix, so its oddities are kept: a peer that
// understood our commands as we mean them would never show how the real one understands them.
#pragma once

#include <string_view>

#include "smtp/envelope.hpp"

namespace sluice::smtp {

/// Applies "ADDR=… PORT=… PROTO=… NAME=… HELO=…" to `identity`, one after the other. Attributes that are not
/// named stay, except HELO and PROTO, which are then forgotten. Words are those of command_words(); values
/// are decoded as xtext if they can be; [UNAVAILABLE] and [TEMPUNAVAIL] mean "not known". Control characters
/// become '?'. False for an unknown or malformed attribute: the ones before it are in force all the same.
bool apply_xclient(std::string_view attributes, ClientIdentity& identity);

}  // namespace sluice::smtp
