// The attributes of an XCLIENT command as Postfix 3.7.11 reads them (XCLIENT_README, and raw sessions).
//
// The simulator's MTA and `sluice sink` stand where Postfix does, so its oddities are kept: a peer of our
// own that read what we write as we mean it would never show what the real one makes of it.
#pragma once

#include <string_view>

#include "smtp/envelope.hpp"

namespace sluice::smtp {

/// Applies "ADDR=… PORT=… PROTO=… NAME=… HELO=…" to `identity`, one after the other: what is not named stays,
/// but for HELO and PROTO, which are then forgotten. Words are those of command_words(), values are xtext
/// where they can be read as such; [UNAVAILABLE] and [TEMPUNAVAIL] mean "not known". Control characters
/// become '?'. False for anything unknown or malformed: the attributes before it are in force all the same.
bool apply_xclient(std::string_view attributes, ClientIdentity& identity);

}  // namespace sluice::smtp
