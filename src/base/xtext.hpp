// xtext (RFC 3461 4): any octets, written as printable US-ASCII without space, '+' and '='.
//
// ENVID, ORCPT, AUTH= and XCLIENT values use it.
//
// Our encoder leaves fewer octets as they are than the RFC allows: letters, digits and `. - _ : [ ]`. Postfix
// splits a command into words before it decodes xtext. In doing so it takes everything from an unpaired '"'
// or '<' to the end of the line for one word, and an octet behind '\' for part of the word, whatever it is.
// The RFC lets all three stand for themselves, and the attributes behind such a value would be lost without
// an error. This is the only encoder: code that writes xtext on a line of SMTP uses it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

std::string xtext_encode(std::string_view octets);

/// The encoding of the longest prefix of `octets` that takes at most `encoded_octets_max` octets: no "+XX" is
/// cut in two.
std::string xtext_encode_bounded(std::string_view octets, std::size_t encoded_octets_max);

/// Decodes xtext; nullopt for anything else. Hexadecimal digits may have either case: Postfix writes upper
/// case and reads both.
std::optional<std::string> xtext_decode(std::string_view text);

/// Whether xtext_decode() would succeed, without the copy.
bool is_xtext(std::string_view text);

/// Decodes as Postfix does: only "+XX" is special, and every other octet stands for itself, even '=' and
/// octets outside US-ASCII. Nullopt if a '+' is not followed by two hexadecimal digits.
std::optional<std::string> xtext_decode_leniently(std::string_view text);

}  // namespace sluice
