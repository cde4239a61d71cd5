// DNS lists whose codes we know: what each means, what it weighs where the operator does not say, and which
// of them say that the list refuses to serve us.
//
// `sluice lists` prints the table, and docs/guide/lists.md is made from it. It holds only what the list says
// of itself, or what others have relied on for years, and says which; a list that is not here is treated as
// the configuration says, like any other. Pure.
#pragma once

#include <span>
#include <string_view>

#include "policy/dns_list.hpp"

namespace sluice::policy {

struct KnownCode {
    std::string_view codes;  // as ReturnCodes::parse reads them
    int weight;              // against the client above zero, for it below
    std::string_view words;
    CodeMeaning::Says says = CodeMeaning::Says::listed;
};

struct KnownList {
    std::string_view zone;
    bool keyed;  // one label, the operator's key, goes before it
    bool allow;  // belongs into policy.dnswl
    std::span<const KnownCode> codes;
    std::string_view terms;
    std::string_view source;
    std::string_view seen;  // when the source was read
};

std::span<const KnownList> known_lists();
/// Null when nothing is known of it.
const KnownList* known_list(std::string_view zone);

/// Adds what is known of the list to what its operator says, which comes first: his codes, or else his
/// weight, which then is that of every code but those that speak the other way, or else his `accept`.
/// Whatever he says, an error code that he does not name himself stays an error.
void fill_in_known(DnsListOptions& list, bool weight_given);

}  // namespace sluice::policy
