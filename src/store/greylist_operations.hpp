// The operations of greylisting: has this letter been here before, or has another letter of this origin and
// sender's domain come again? Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "policy/greylist.hpp"
#include "store/operation.hpp"

namespace sluice::store {

/// Changes nothing. An empty domain stands for bounces.
Operations greylist_question(const policy::GreylistOptions& options, const policy::GreylistName& name);
policy::GreylistFacts read_greylist(const Outcomes& outcomes);

/// A letter that waits, described for an operator.
struct GreylistLetter {
    std::string client;  // its address
    std::string sender;
    std::string recipient;

    bool operator==(const GreylistLetter&) const = default;
};

/// Records that the letter was asked to come again; the first time counts.
Operations greylist_waits(const policy::GreylistOptions& options, const policy::GreylistName& name,
                          const GreylistLetter& letter);

/// Reads the record of a waiting letter; nothing for a record of version 0.1.1, or of another kind.
std::optional<GreylistLetter> read_greylist_letter(std::string_view value);

/// Keeps an origin and domain that have passed for another term from now on, as the greylist has let them
/// pass again.
Operations greylist_kept(const policy::GreylistOptions& options, const policy::GreylistName& name);

/// Records that the letter has come again as asked.
Operations greylist_passed(const policy::GreylistOptions& options, const policy::GreylistName& name);

}  // namespace sluice::store
