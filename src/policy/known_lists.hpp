// DNS lists whose codes we know: the meaning of each code, its weight unless the operator sets another, and
// the codes by which the list refuses to serve us.
//
// `sluice lists` prints the table, and docs/guide/lists.md is made from it. It contains only what the list
// says of itself, or what others have relied on for years, and names the source. A list that is not here is
// treated as the configuration says, like any other. Pure.
#pragma once

#include <span>
#include <string_view>

#include "policy/dns_list.hpp"

namespace sluice::policy {

struct KnownCode {
    std::string_view codes;  // as ReturnCodes::parse reads them
    int weight;              // above zero: against the client; below: in its favour
    std::string_view words;
    CodeMeaning::Says says = CodeMeaning::Says::listed;
};

struct KnownList {
    std::string_view zone;
    bool keyed;  // the operator's key precedes the zone as one label
    bool allow;  // belongs into policy.dnswl
    std::span<const KnownCode> codes;
    std::string_view terms;
    std::string_view source;
    std::string_view seen;  // the date at which the source was read
};

std::span<const KnownList> known_lists();
/// The row of a zone; null when nothing is known of it.
const KnownList* known_list(std::string_view zone);

/// Completes an operator's settings with what is known of the list. The operator's settings come first: his
/// codes; else his weight, which then holds for every code but those of the opposite sign; else his `accept`.
/// An error code that he does not name himself stays an error in any case.
void fill_in_known(DnsListOptions& list, bool weight_given);

}  // namespace sluice::policy
