#include "relay/wording.hpp"

#include <array>
#include <optional>

#include "relay/scrub.hpp"

namespace sluice::relay {

const smtp::Reply unfit_mta{.code = 451, .text = "4.3.3 The mail server cannot take this message now"};

smtp::Reply scrubbed(Connection& connection, const smtp::Reply& reply, std::string_view hostname,
                     const smtp::ClientIdentity* client) {
    const smtp::Dialogue& dialogue = connection.dialogue();
    const std::array<std::string_view, 2> hosts{dialogue.greeting_host(), dialogue.ehlo().host};
    const std::optional<IpAddress> known = client == nullptr ? std::nullopt : std::optional(client->address);
    return {.code = reply.code == 421 ? 451 : reply.code,
            .text = scrub(reply.text, {.hosts = hosts, .replacement = hostname, .client = known})};
}

smtp::Answer answer_of(Connection& connection, const smtp::Reply& reply, std::string_view hostname,
                       const smtp::ClientIdentity* client) {
    return {.reply = scrubbed(connection, reply, hostname, client),
            .mta = connection.upstream().name,
            .by = "mta"};
}

smtp::Answer answer_of(const Failure& failure) {
    return {.reply = failure.reply, .mta = failure.mta, .by = failure.mta.empty() ? "none" : "mta"};
}

}  // namespace sluice::relay
