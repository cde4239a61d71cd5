// Turns an MTA's reply into an answer for a client.
#pragma once

#include <string_view>

#include "relay/connection.hpp"
#include "relay/ending.hpp"
#include "relay/job.hpp"
#include "smtp/backend.hpp"

namespace sluice::relay {

/// The sentence for a message that needs what the MTA does not offer.
extern const smtp::Reply unfit_mta;

/// The MTA's reply on this connection, scrubbed (see scrub.hpp). 421 becomes 451: the MTA closes its
/// connection with us, which is no reason for the client to lose its own. `client` may read its own address;
/// null when the reply will be given to others too.
smtp::Reply scrubbed(Connection& connection, const smtp::Reply& reply, std::string_view hostname,
                     const smtp::ClientIdentity* client);

/// The scrubbed reply, as an answer from that MTA.
smtp::Answer answer_of(Connection& connection, const smtp::Reply& reply, std::string_view hostname,
                       const smtp::ClientIdentity* client);

/// The full sentence for a job whose connection ended. `client` is needed where the MTA's own words are
/// passed on.
Failure failure_of(Connection& connection, const Sentence& sentence, std::string_view hostname,
                   const smtp::ClientIdentity* client);

/// Sets the answer about a message to what sentence_on_recipients() says of its recipients.
void tell_of_recipients(const smtp::Dialogue& dialogue, const smtp::Envelope& envelope, smtp::Answer& answer);

/// unfit_mta, followed by what that MTA does offer.
Failure unfit(Connection& connection);

/// The answer for a job that no MTA has answered.
smtp::Answer answer_of(const Failure& failure);

}  // namespace sluice::relay
