// The operations of greylisting: has this letter been here before, or another one of this origin and sender's
// domain come again? Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "policy/greylist.hpp"
#include "store/operation.hpp"

namespace sluice::store {

/// Changes nothing. An empty domain is that of bounces.
Operations greylist_question(const policy::GreylistOptions& options, const policy::GreylistName& name);
policy::GreylistFacts read_greylist(const Outcomes& outcomes);

/// A letter that waits, for the operator who asks which one it is.
struct GreylistLetter {
    std::string client;  // its address
    std::string sender;
    std::string recipient;

    bool operator==(const GreylistLetter&) const = default;
};

/// The letter was asked to come again; the first time is what counts.
Operations greylist_waits(const policy::GreylistOptions& options, const policy::GreylistName& name,
                          const GreylistLetter& letter);

/// What the record of a waiting letter says of it; nothing in one that 0.1.1 has made, or of another kind.
std::optional<GreylistLetter> read_greylist_letter(std::string_view value);

/// Mail of an origin and domain that have passed has come again: they are kept from now on.
Operations greylist_kept(const policy::GreylistOptions& options, const policy::GreylistName& name);

/// It has come again, as was asked of it.
Operations greylist_passed(const policy::GreylistOptions& options, const policy::GreylistName& name);

}  // namespace sluice::store
