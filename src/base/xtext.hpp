// xtext (RFC 3461 4): any octets as printable US-ASCII without space, '+' and '='.
//
// ENVID, ORCPT, AUTH= and XCLIENT values are written in it.
//
// What we write leaves fewer octets as they are than the RFC allows: letters, digits and `. - _ : [ ]`.
// Postfix splits a command into words before it decodes xtext, and while it does so an unpaired '"' or '<'
// takes everything up to the end of the line for one word, and a '\' the next octet whatever it is. The RFC
// lets all three stand for themselves, and the attributes behind such a value would be lost without an
// error. There is no second encoder: whoever needs xtext on a line of SMTP uses this one.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

std::string xtext_encode(std::string_view octets);

/// The encoding of the longest prefix of `octets` that has at most `encoded_octets_max`: no "+XX" is cut in
/// two.
std::string xtext_encode_bounded(std::string_view octets, std::size_t encoded_octets_max);

/// Nullopt for what is not xtext. Hexadecimal digits of either case are taken: Postfix writes upper and reads
/// both.
std::optional<std::string> xtext_decode(std::string_view text);

/// Whether xtext_decode would succeed, without the copy.
bool is_xtext(std::string_view text);

/// As Postfix reads it: only "+XX" is special, every other octet stands for itself, '=' and those outside of
/// US-ASCII too. Nullopt where a '+' has no two hexadecimal digits behind it.
std::optional<std::string> xtext_decode_leniently(std::string_view text);

}  // namespace sluice
