// The operations by which workers and machines share what MTAs said of recipients. Pure.
//
// The value says for whom the answer holds, too (write_shared).
#pragma once

#include <optional>
#include <string_view>

#include "base/time.hpp"
#include "relay/shared_answer.hpp"
#include "store/operation.hpp"

namespace sluice::relay {

/// An answer that is to be taken for the MTA's for so long, by those for whom it holds.
struct Recalled {
    SharedAnswer answer;
    Seconds life;
};

/// `recipient` is its key (write_recipient_key); nothing = one too long to be shared.
std::optional<store::Operation> recipient_question(std::string_view recipient);

/// Nothing unless others can use it: it is about the address alone (answer_class.hpp), is kept at all (`ttl`
/// is above 0), and is not too long.
std::optional<store::Operation> recipient_told(std::string_view recipient, const SharedAnswer& answer,
                                               Seconds ttl);

/// Nothing is also what cannot be an answer about a recipient alone, whoever has put it there, and what is
/// older than such an answer is to get here.
std::optional<Recalled> read_recipient(const store::Outcome& outcome, Seconds positive_ttl,
                                       Seconds negative_ttl);

}  // namespace sluice::relay
