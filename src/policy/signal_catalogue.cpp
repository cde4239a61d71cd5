#include "policy/signal_catalogue.hpp"

#include <algorithm>
#include <utility>

namespace sluice::policy {

namespace {

constexpr auto rows = std::to_array<SignalRow>({
    {SignalId::blocklist, "blocklist", "connect", 20, false,
     "Not long ago the client named a recipient in `policy.trap_recipients`, or as many unknown ones as "
     "`policy.unknown_recipients.slow_after` and had no mail for anybody: ten minutes the first time, up to "
     "a day the fourth. Needs a `store`.",
     "A shared address behind which one customer is infected."},
    {SignalId::reputation, "reputation", "connect", 20, false,
     "The conduct of the client and its network, and, where registers are given (`policy.reputation`), of "
     "others of its ASN and country. The weight is that of one who is surely bad, and its negative counts "
     "for one who is surely good; unknown is 0. Needs a `store`.",
     "An address that has just changed its owner."},
    {SignalId::concurrency, "concurrency", "connect", 10, false,
     "More sessions at once than `policy.rates` allows: of the address, its network, or everybody. Needs a "
     "`store`.",
     "Large senders and mailing lists: raise the limit, or put them into `policy.networks.fast`."},
    {SignalId::rate, "rate", "connect", 10, false,
     "More connections, messages, recipients, TLS sessions, AUTH or unknown recipients in a window than "
     "`policy.rates` allows. Needs a `store`.",
     "Large senders and mailing lists, as for `concurrency`; no limit is set by default."},
    {SignalId::dnsbl, "dnsbl", "connect", 0, true, "The address is in a DNS blocklist; weighed by its zone.",
     "The senders that the list is wrong about: read its policy, and accept only the return codes that you "
     "mean."},
    {SignalId::dnswl, "dnswl", "connect", 0, true,
     "The address is in a DNS allowlist; weighed by its zone, and for the client.",
     "Spam is sent from good hosts, too, when an account there has been stolen."},
    {SignalId::no_ptr, "no_ptr", "connect", 2, false,
     "The address has no PTR record: DNS says so definitely.",
     "Small and internal hosts, and those whose owners have no say in the reverse zone."},
    {SignalId::ptr_unconfirmed, "ptr_unconfirmed", "connect", 2, false,
     "The address has PTR records, and none of the first five names leads back to it.",
     "Hosts that were renamed or moved, and those whose two zones have different masters."},
    {SignalId::dynamic_name, "dynamic_name", "connect", 3, false,
     "All names of the address look as if a provider gave them to a changing customer: the address in the "
     "name, beside a word such as dyn, pool or dsl.",
     "A small office with its own mail server on such a line."},
    {SignalId::pregreet, "pregreet", "greeting", 10, false,
     "The client spoke before the greeting was over (RFC 5321 4.3.1). Needs `policy.pregreet.wait_ms`.",
     "Home-made scripts that never read replies. No MTA does it."},
    {SignalId::non_smtp, "non_smtp", "any", 10, false,
     "The client does not speak SMTP: an HTTP request, a TLS handshake in the clear, a PROXY header that is "
     "not asked for, a message header or binary octets where a command belongs.",
     "A load balancer or a port that is configured wrongly."},
    {SignalId::early_pipelining, "early_pipelining", "any", 6, false,
     "The client sent more before the reply to a command that must be the last of its group (EHLO, HELO, "
     "AUTH, DATA, STARTTLS, QUIT; RFC 2920 3.1), or several commands where PIPELINING was not offered.",
     "Home-made scripts that never read replies."},
    {SignalId::bare_newline, "bare_newline", "any", 3, false,
     "A command or a message with a bare CR or LF, or a NUL in a message.",
     "Old devices and scripts, whose mail `smtp.bare_newlines` decides about."},
    {SignalId::helo_syntax, "helo_syntax", "helo", 4, false,
     "The HELO or EHLO name is neither a domain nor an address in brackets (RFC 5321 4.1.3). Underscores are "
     "let pass.",
     "Mail programs and devices with odd host names."},
    {SignalId::helo_bare, "helo_bare", "helo", 2, false,
     "The HELO name is a single word instead of a full name (RFC 5321 2.3.5).",
     "Devices, and hosts that nobody has given a domain."},
    {SignalId::helo_ours, "helo_ours", "helo", 10, false,
     "The HELO name is our own `smtp.hostname`, or the address that the client has connected to.",
     "Your own hosts, if several have one name: put them into `policy.networks.fast`. This host's own "
     "address and loopback are let pass."},
    {SignalId::helo_literal, "helo_literal", "helo", 1, false,
     "The HELO name is the client's address in brackets: allowed, and rare among mail servers.",
     "Mail programs, and hosts without a name."},
    {SignalId::helo_loopback_literal, "helo_loopback_literal", "helo", 1, false,
     "The HELO name is a loopback address in brackets, such as `[127.0.0.1]`: the name that a program has "
     "for a host without a full name.",
     "Python's smtplib and nodemailer on such hosts."},
    {SignalId::helo_wrong_literal, "helo_wrong_literal", "helo", 3, false,
     "The HELO name is an address in brackets that is neither the client's nor loopback.",
     "Mail programs behind NAT, whose users authenticate and are fast then."},
    {SignalId::helo_unresolvable, "helo_unresolvable", "helo", 2, false,
     "The HELO name is a full name that has neither address nor MX records: DNS says so definitely.",
     "Internal names that a host takes to the world."},
    {SignalId::null_sender_fanout, "null_sender_fanout", "rcpt", 5, false,
     "`MAIL FROM:<>` with `policy.null_sender_recipients` recipients or more: a bounce has one (RFC 5321 "
     "4.5.5).",
     "Verification by call-out that tries several names in one transaction; mailing-list notices of old "
     "programs."},
    {SignalId::trap_recipient, "trap_recipient", "rcpt", 10, false,
     "The client named a recipient in `policy.trap_recipients`, which nobody has ever had. The MTA answers "
     "as always.",
     "Senders that mistype an address, and call-outs to a forged sender: choose traps that nobody types."},
    {SignalId::unknown_recipients, "unknown_recipients", "rcpt", 10, false,
     "The client named `policy.unknown_recipients.slow_after` recipients that do not exist, within the "
     "window: a dictionary is being tried.",
     "Large senders with an old list, and backup MXs that take everything."},
});

constexpr bool rows_in_order() {
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (rows[i].id != static_cast<SignalId>(i)) return false;
    }
    return rows.size() == signal_count;
}
static_assert(rows_in_order(), "one row for each SignalId, in its order");

}  // namespace

std::span<const SignalRow> signal_catalogue() {
    return rows;
}

const SignalRow& row_of(SignalId id) {
    return rows.at(static_cast<std::size_t>(id));
}

std::optional<SignalId> signal_named(std::string_view name) {
    const auto* const found = std::ranges::find(rows, name, &SignalRow::name);
    if (found == rows.end()) return std::nullopt;
    return found->id;
}

SignalOptions::SignalOptions() {
    for (const SignalRow& row : rows)
        weight(row.id) = row.weight;
}

SignalOptions SignalOptions::none() {
    SignalOptions options;
    options.weights_.fill(0);
    return options;
}

Signal SignalOptions::signal(SignalId id, std::string value) const {
    return {.name = row_of(id).name,
            .what = {},
            .value = std::move(value),
            .weight = weight(id),
            .counted = !observed(id)};
}

}  // namespace sluice::policy
