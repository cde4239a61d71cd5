// The end of a connection with something in progress for a client, and the sentence for that client. Pure.
//
// The MTA's reply about the client, and its last word (421), are passed on. The client gets a sentence of
// ours where the MTA said nothing, or where what it said concerns Sluice. Nothing is asked twice once the
// content has begun.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "smtp/dialogue.hpp"
#include "smtp/reply.hpp"

namespace sluice::relay {

struct Ending {
    smtp::Dialogue::Outcome outcome = smtp::Dialogue::Outcome::lost;
    int code = 0;  // of the MTA's last word; 0 = none
    bool content_begun = false;
    bool dot_sent = false;
    bool timed_out = false;
    bool may_be_stale = false;  // it was idle before, so it may have been dead already
};

/// After a reply with this code the MTA closes its connection (RFC 5321 3.8, RFC 7504).
bool says_goodbye(int code);

/// True: the question may be asked once more, on a new connection.
bool may_ask_again(const Ending& ending);

struct Sentence {
    const smtp::Reply* ours = nullptr;  // null = the MTA's last word is passed on
    bool about_client = false;          // another client might fare better
    bool for_session = false;  // and this client will not fare better, as long as its identity is the same
};

Sentence sentence_on(const Ending& ending);

/// The rights of an authenticated client end with its own connection: the client has to connect anew.
Sentence sentence_on_login(const Ending& ending, bool authenticating);

/// The sentence on a message to this many recipients, of which the MTA refused some that had been promised.
/// Null: every one is refused permanently, and the MTA's own reply is passed on. (552 for too many recipients
/// is not a permanent refusal: RFC 5321 4.5.3.1.10.)
const smtp::Reply* sentence_on_recipients(std::span<const smtp::Reply> replies, std::size_t recipients);

/// The longest that said() can be, whatever the MTA says.
inline constexpr std::size_t said_octets_max = 1000;

/// The MTA's words for the log, in the manner of Postfix: "452 4.5.3 Error: too many recipients (in reply
/// to RCPT TO:<a@example.org>)"; empty when it said nothing. `recipient` may be empty.
std::string said(const smtp::Reply& reply, smtp::Dialogue::Stage at, std::string_view recipient = {});

}  // namespace sluice::relay
