// The attributes of an XCLIENT command as a server reads them (Postfix XCLIENT_README).
#pragma once

#include <string_view>

#include "smtp/envelope.hpp"

namespace sluice::smtp {

/// Applies "NAME=… ADDR=… PORT=… PROTO=… HELO=…" to `identity`; what is not named stays. Values are xtext;
/// [UNAVAILABLE] and [TEMPUNAVAIL] mean "not known". False for anything unknown or malformed, and then
/// `identity` is as it was (Postfix would have applied the attributes before the bad one).
bool apply_xclient(std::string_view attributes, ClientIdentity& identity);

}  // namespace sluice::smtp
