// The header fields a message gets where it ends up: who sent it, for whom, and which client brought it.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "smtp/envelope.hpp"

namespace sluice::sink {

/// Return-Path (RFC 5321 4.4), an X-Original-To for each recipient, and a Received field that names the
/// client as XCLIENT forwarded it. Lines end in LF. What a client chose is cleaned: no octet of it can end a
/// line.
std::string trace_fields(const smtp::ClientIdentity& client, const smtp::Envelope& envelope,
                         std::string_view hostname, std::string_view id,
                         std::chrono::system_clock::time_point time);

}  // namespace sluice::sink
