// The operations by which workers and machines share what MTAs said of recipients. Pure.
//
// The stored value also says for which clients the answer holds (write_shared).
#pragma once

#include <optional>
#include <string_view>

#include "base/time.hpp"
#include "relay/shared_answer.hpp"
#include "store/operation.hpp"

namespace sluice::relay {

/// An answer that stands for the MTA's own for this long, for the clients for which it holds.
struct Recalled {
    SharedAnswer answer;
    Seconds life;
};

/// `recipient` is the recipient's key (write_recipient_key); nothing = the key is too long to be shared.
std::optional<store::Operation> recipient_question(std::string_view recipient);

/// Nothing unless others can use the answer: it concerns the address alone (answer_class.hpp), is kept at all
/// (`ttl` is above 0), and is not too long.
std::optional<store::Operation> recipient_told(std::string_view recipient, const SharedAnswer& answer,
                                               Seconds ttl);

/// Returns nothing also for a value that cannot be an answer about a recipient alone, whichever process
/// stored it, and for one that is older than such an answer can get here.
std::optional<Recalled> read_recipient(const store::Outcome& outcome, Seconds positive_ttl,
                                       Seconds negative_ttl);

}  // namespace sluice::relay
