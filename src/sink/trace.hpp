// The header fields that the sink adds to a message: its sender, its recipients, and the client that brought
// it.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "smtp/envelope.hpp"

namespace sluice::sink {

/// Return-Path (RFC 5321 4.4), an X-Original-To for each recipient, and a Received field that names the
/// client as XCLIENT forwarded it. Lines end in LF. Text that a client chose is cleaned, so that none of it
/// can end a line.
std::string trace_fields(const smtp::ClientIdentity& client, const smtp::Envelope& envelope,
                         std::string_view hostname, std::string_view id,
                         std::chrono::system_clock::time_point time);

}  // namespace sluice::sink
