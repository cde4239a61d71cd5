// A check as a value: when it is made, what it costs, and how it begins.
//
// A check is a file and a row in the catalogue (check.cpp). A Case makes the checks of a stage in the order
// of their sources, so that what is known already comes before the store, and the store before DNS: a check
// that is not wanted any more after the cheaper ones have answered is not made. Checks with the same source
// are made at once. A stage is over when all checks that it awaits have answered or its deadline has passed.
#pragma once

#include <memory>
#include <span>

#include "judge/stage.hpp"
#include "policy/verdict.hpp"

namespace sluice::judge {

class Case;
class Inquiry;

struct Check {
    Stage stage;                // at which the check is made
    Stage awaited;              // the first stage that is not over before the check has answered
    policy::SignalScope scope;  // of its signals; when the scope ends, an open question is withdrawn
    policy::Source source;      // what it asks, and so what it costs
    /// Whether there is anything to find out.
    bool (*wanted)(const Case& of);
    /// Notes what can be seen at once and returns null, or asks a question and returns it.
    std::unique_ptr<Inquiry> (*begin)(Case& of, const Check& self);
};

/// The checks of the product.
std::span<const Check* const> catalogue();

// Each has a file of its own, which says what no answer means.
extern const Check unknown_recipients_check;
extern const Check past_check;
extern const Check dns_lists_check;
extern const Check client_name_check;
extern const Check helo_form_check;
extern const Check helo_name_check;
extern const Check trap_recipient_check;
extern const Check null_sender_check;
extern const Check greylist_check;

}  // namespace sluice::judge
