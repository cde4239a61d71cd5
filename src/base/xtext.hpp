// xtext (RFC 3461 4): any octets as printable US-ASCII without space, '+' and '='.
//
// What ENVID, ORCPT and XCLIENT values are written in.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice {

std::string xtext_encode(std::string_view octets);

/// Nullopt for what is not xtext. Hexadecimal digits of either case are taken: Postfix writes upper and reads
/// both.
std::optional<std::string> xtext_decode(std::string_view text);

/// Whether xtext_decode would succeed, without the copy.
bool is_xtext(std::string_view text);

}  // namespace sluice
