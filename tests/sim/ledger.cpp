#include "sim/ledger.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <utility>

#include "base/ascii.hpp"

namespace sluice::sim {

namespace {

constexpr std::string_view attempt_header = "X-Attempt: ";

/// The time for which the product remembers a letter of which it could not say that it was delivered.
constexpr Micros known_for = std::chrono::hours{1};

/// The name as our own header shows it (relay/received.hpp).
std::string in_received(std::string helo) {
    std::ranges::replace_if(
        helo, [](char c) { return !ascii::is_alnum(c) && !std::string_view("-._:[]").contains(c); }, '?');
    return helo;
}

std::size_t attempt_in(std::string_view content) {
    const std::size_t at = content.find(attempt_header);
    std::size_t number = SIZE_MAX;
    if (at == std::string_view::npos) return number;
    const std::string_view digits = content.substr(at + attempt_header.size());
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
}

}  // namespace

std::string as_shown(std::string_view helo) {
    std::string shown(helo);
    std::ranges::replace_if(
        shown, [](char c) { return ascii::is_control(c) || std::string_view(" <>()\\\";@").contains(c); },
        '?');
    return shown;
}

unsigned client_in(std::string_view name, char prefix) {
    unsigned number = UINT32_MAX;
    if (name.size() < 2 || name.front() != prefix) return number;
    std::from_chars(name.data() + 1, name.data() + name.size(), number);
    return number;
}

void Ledger::violation(unsigned link, std::string what) {
    if (violations_.size() < violations_max) violations_.push_back({std::move(what), link});
}

unsigned Ledger::add_client(ClientFacts facts) {
    clients_.push_back(std::move(facts));
    return static_cast<unsigned>(clients_.size() - 1);
}

// ---- clients ---------------------------------------------------------------------------------------------

std::size_t Ledger::begin(Attempt attempt) {
    attempts_.push_back(std::move(attempt));
    return attempts_.size() - 1;
}

void Ledger::begin_again(std::size_t number, unsigned link, std::uint16_t port, bool esmtp) {
    Attempt& attempt = attempts_[number];
    attempt.before.emplace_back(attempt.port, attempt.esmtp);
    attempt.link = link;
    attempt.port = port;
    attempt.esmtp = esmtp;
    attempt.heard = 0;
}

void Ledger::mta_answer_read(std::size_t attempt, Micros now) {
    attempts_[attempt].answer_read = true;
    attempts_[attempt].answered_at = now;
    ++answers_read_;
}

void Ledger::client_named(unsigned client, std::string_view sender, std::string_view recipient) {
    named_.insert(fmt::format("{} {} {}", client, sender, recipient));
}

void Ledger::client_heard_of(unsigned client, unsigned link, const std::string& recipient, int code,
                             bool verified) {
    const Recipient& truth = recipients_[recipient];
    const policy::Lane lane = clients_[client].lane;
    if (code == 250) {
        if (lane == policy::Lane::defer || lane == policy::Lane::reject)
            violation(link, fmt::format("a client of the lane {} heard 250 for a recipient", name_of(lane)));
        if (verified && !truth.accepted)
            violation(link, fmt::format("250 for {}, which no MTA has taken", recipient));
    } else if (code >= 500 && lane != policy::Lane::reject) {
        const bool own = refused_.contains(client) || refused_.contains(unknown_client);
        if (!truth.unknown && !own)
            violation(link,
                      fmt::format("{} for {}, which no MTA has refused to this client", code, recipient));
    }
}

void Ledger::client_heard(std::size_t number, int code, bool leaving) {
    Attempt& attempt = attempts_[number];
    attempt.heard = code;
    if (code == 250) {
        ++accepted_;
        if (attempt.taken == 0)
            violation(attempt.link,
                      fmt::format("the client heard 250 for message {}, which no MTA has", number));
        return;
    }
    // For a letter that came again, the answer may be that to its first copy, a while ago or just now.
    if (attempt.before.empty() && attempt.answer_read && (!leaving || code != 421))
        violation(attempt.link,
                  fmt::format("the MTA said 250 to message {}, the client heard {}", number, code));
    if (code >= 500 && attempt.taken != 0 && attempt.before.empty())
        violation(attempt.link, fmt::format("message {} was refused with {} and delivered", number, code));
    const bool refused = refused_.contains(attempt.client) || refused_.contains(unknown_client) ||
                         std::ranges::all_of(attempt.recipients, [this](const std::string& recipient) {
                             return recipients_[recipient].unknown;
                         });
    if (code >= 500 && !attempt.forbidden && !refused)
        violation(attempt.link, fmt::format("{} for message {}, which no MTA has refused", code, number));
}

// ---- MTAs ------------------------------------------------------------------------------------------------

unsigned Ledger::speaks_for(const Introduced& identity, std::string_view sender) const {
    if (identity.told) return client_in(identity.helo, 'c');
    const unsigned by_sender = client_in(sender, 's');
    return by_sender < clients_.size() ? by_sender : unknown_client;
}

void Ledger::mta_hears(unsigned link, const Introduced& identity, std::string_view sender) {
    if (!identity.told) return;
    const unsigned client = client_in(identity.helo, 'c');
    if (client >= clients_.size()) return violation(link, "MAIL in the name of nobody: " + identity.helo);
    if (clients_[client].address != identity.address)
        violation(link, fmt::format("{} was introduced as {}", identity.helo, identity.address.to_string()));
    if (!identity.xclient_helo.empty() && !identity.helo.starts_with(as_shown(identity.xclient_helo)))
        violation(link, fmt::format("XCLIENT said {}, EHLO {}", identity.xclient_helo, identity.helo));
    const unsigned owner = client_in(sender, 's');
    if (!sender.empty() && owner != client)
        violation(link, fmt::format("mail of client {} in the name of client {}", owner, client));
}

void Ledger::mta_hears_recipient(unsigned link, const Introduced& identity, std::string_view sender,
                                 std::string_view recipient) {
    const unsigned client = speaks_for(identity, sender);
    if (client == unknown_client) return;
    if (!named_.contains(fmt::format("{} {} {}", client, sender, recipient)))
        violation(link, fmt::format("client {} never named {} for <{}>", client, recipient, sender));
}

void Ledger::mta_said(const Introduced& identity, std::string_view sender, const std::string& recipient,
                      std::string_view reply) {
    if (!recipient.empty() && reply.starts_with("250")) recipients_[recipient].accepted = true;
    if (!reply.starts_with('5')) return;
    if (!recipient.empty() && reply.find(" 5.1.1 ") != std::string_view::npos) {
        recipients_[recipient].unknown = true;
    } else {
        refused_.insert(speaks_for(identity, sender));
    }
}

std::size_t Ledger::mta_took(const Taken& taken, Micros now) {
    const std::size_t number = attempt_in(taken.content);
    if (number >= attempts_.size()) {
        violation(taken.link, "an MTA has taken a message that nobody sent");
        return begin({});
    }
    Attempt& attempt = attempts_[number];
    // Once the product has read that one copy was accepted, no other may be, if the letter comes again within
    // an hour. A message whose acceptance the MTA could not report may be there twice.
    const bool came_again = !attempt.before.empty();
    const bool known = attempt.answer_read && now < attempt.answered_at + known_for;
    if (++attempt.taken > 1 && (!came_again || known))
        violation(taken.link, fmt::format("message {} was delivered twice", number));
    if (attempt.forbidden)
        violation(taken.link, fmt::format("message {} with bare newlines came through", number));
    if (attempt.sender != taken.sender)
        violation(taken.link,
                  fmt::format("message {} of <{}> came as of <{}>", number, attempt.sender, taken.sender));
    if (attempt.recipients != taken.recipients)
        violation(taken.link,
                  fmt::format("message {} for {} came for {}", number, fmt::join(attempt.recipients, ","),
                              fmt::join(taken.recipients, ",")));
    check_identity(taken, attempt);
    return number;
}

void Ledger::check_identity(const Taken& taken, const Attempt& attempt) {
    const ClientFacts& client = clients_[attempt.client];
    std::string_view content = taken.content;
    if (taken.identity.told) {
        if (client.address != taken.identity.address || as_shown(client.helo) != taken.identity.helo)
            violation(taken.link, fmt::format("mail of {} came as of {}", client.helo, taken.identity.helo));
        const auto of_a_copy = [&](const auto& fits) {
            return fits(std::pair(attempt.port, attempt.esmtp)) || std::ranges::any_of(attempt.before, fits);
        };
        const auto protocol_fits = [&](const std::pair<std::uint16_t, bool>& copy) {
            return taken.identity.protocol == (copy.second ? "ESMTP" : "SMTP");
        };
        const auto port_fits = [&](const std::pair<std::uint16_t, bool>& copy) {
            return taken.identity.port == copy.first;
        };
        if (!taken.identity.protocol.empty() && !of_a_copy(protocol_fits))
            violation(taken.link, "an MTA was told the wrong protocol");
        if (taken.identity.port != 0 && !of_a_copy(port_fits))
            violation(taken.link, "an MTA was told the wrong port");
    } else {
        // Our own header names the true client, and nothing else is added.
        const std::size_t end = content.find("\r\n", content.find("\r\n") + 2) + 2;
        const std::string_view header = content.substr(0, end);
        const std::string address =
            (client.address.is_v4() ? "[" : "[IPv6:") + client.address.to_string() + "]";
        if (!header.starts_with("Received: from " + in_received(client.helo)) ||
            header.find(address) == std::string_view::npos)
            violation(taken.link, "Received does not name the client");
        content.remove_prefix(std::min(end, content.size()));
    }
    if (content != attempt.content)
        violation(taken.link, fmt::format("the content was changed: {} octets came, {} were sent",
                                          content.size(), attempt.content.size()));
}

// ---- the log, and the end --------------------------------------------------------------------------------

void Ledger::logged(std::string_view line) {
    if (!line.ends_with("}\n") || !line.starts_with('{'))
        violation(0, "a log line is torn: " + std::string(line));
    if (line.find(R"("outcome":"delivered")") != std::string_view::npos) ++logged_delivered_;
    if (line.find(R"("outcome":"delivered_before")") != std::string_view::npos) ++answered_again_;
}

void Ledger::close() {
    if (logged_delivered_ + answered_again_ < accepted_ || logged_delivered_ > answers_read_)
        violation(
            0, fmt::format("the log has {} deliveries and {} of before, MTAs told of {}, clients heard of {}",
                           logged_delivered_, answered_again_, answers_read_, accepted_));
}

}  // namespace sluice::sim
