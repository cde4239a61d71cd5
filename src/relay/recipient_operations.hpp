// The operations by which workers and machines share what MTAs said of recipients. Pure.
//
// The value is the reply as it is remembered here: "550 5.1.1 User unknown", lines separated by '\n'.
#pragma once

#include <optional>
#include <string_view>

#include "base/time.hpp"
#include "smtp/reply.hpp"
#include "store/operation.hpp"

namespace sluice::relay {

/// An answer that is to be taken for the MTA's for so long.
struct SharedAnswer {
    smtp::Reply reply;
    Seconds life;
};

/// `recipient` is its key (write_recipient_key); nothing = one too long to be shared.
std::optional<store::Operation> recipient_question(std::string_view recipient);

/// Nothing unless others can use it: it is about the address alone (answer_class.hpp), is kept at all (`ttl`
/// is above 0), and is not too long.
std::optional<store::Operation> recipient_told(std::string_view recipient, const smtp::Reply& reply,
                                               Seconds ttl);

/// What is there about this recipient holds no longer.
std::optional<store::Operation> recipient_forgotten(std::string_view recipient);

/// Nothing is also what cannot be an answer about a recipient alone, whoever has put it there, and what is
/// older than such an answer is to get here.
std::optional<SharedAnswer> read_recipient(const store::Outcome& outcome, Seconds positive_ttl,
                                           Seconds negative_ttl);

}  // namespace sluice::relay
