// The rows of [policy]: which client gets which lane.
#include "app/config/policy_keys.hpp"

#include <array>
#include <fmt/format.h>
#include <iterator>
#include <string>
#include <utility>

#include "app/config/lists.hpp"
#include "policy/signal_catalogue.hpp"

namespace sluice::app {

namespace {

constexpr std::int64_t day_s = 86'400;
constexpr std::int64_t million = 1'000'000;

// The words of the enumerations below, in the order of their enumerators.
constexpr std::array<std::string_view, 4> lanes = {"fast", "slow", "defer", "reject"};
constexpr std::array<std::string_view, 2> modes = {"enforce", "observe"};

const Key<Config> keys_before_signals[] = {
    {"policy.default_lane",
     choice<Config>([](Config& c) -> auto& { return c.front.policy.default_lane; }, lanes),
     "The lane of a client that no list and no signal speaks about: `fast`, `slow` (a trickle), `defer` "
     "(recipients get 450 4.7.1) or `reject` (550 5.7.1)."},
    {"policy.mode", choice<Config>([](Config& c) -> auto& { return c.front.policy.mode; }, modes),
     "With `observe` every client is fast, also those of `policy.networks`: Sluice judges and writes into "
     "the log which lane a client would be in (`would_be`), and does nothing about it."},
    {"policy.observe_signals",
     ListKind<Config>{"a signal's name", [](Config& c) { c.front.policy.signals.observe_none(); },
                      add_observed_signal, nullptr, R"(["helo_bare", "dynamic_name"])"},
     "Signals of `policy.signals` that are only tried out: they stand in the log with their weight, marked "
     "as `observed`, and count nothing. `dnsbl` and `dnswl` stand for all zones."},
    {"policy.dns_deadline_ms",
     integer<Config>([](Config& c) -> auto& { return c.front.policy.dns_deadline; }, 0, 60'000,
                     "a client waits 5 minutes for the greeting (RFC 5321 4.5.3.2.1)"),
     "The greeting waits no longer than this for DNS lists and names, and the first RCPT no longer than this "
     "from HELO on for the HELO name; what has not come by then is no opinion."},
    {"policy.resolve_names",
     BooleanKind<Config>{[](Config& c) -> auto& { return c.front.policy.resolve_names; }},
     "Look up the client's names and tell them to the MTA: the forward-confirmed one (XCLIENT NAME) and the "
     "one its PTR record has, whoever wrote it (REVERSE_NAME). A name that DNS says not to exist is "
     "`[UNAVAILABLE]`, one that did not come in time (`policy.dns_deadline_ms`) `[TEMPUNAVAIL]`. With "
     "`false` the MTA hears `[TEMPUNAVAIL]` of everybody: filters behind it see `unknown`, and a Postfix "
     "with reject_unknown_client_hostname or reject_unknown_reverse_client_hostname puts all mail off."},

    {"policy.trap_recipients",
     ListKind<Config>{"\"ADDRESS\" or \"@DOMAIN\"", [](Config& c) { c.front.policy.trap_recipients = {}; },
                      add_trap_recipient, nullptr, R"(["aaron@example.org", "@old.example.org"])"},
     "Addresses that nobody has ever had (or domains without one), hidden where only harvesters look: a "
     "client that names one shows the signal `trap_recipient`. The reply is the MTA's, as always."},
    {"policy.null_sender_recipients",
     integer<Config>([](Config& c) -> auto& { return c.front.policy.null_sender_recipients; }, 2, million),
     "So many recipients of one `MAIL FROM:<>` are the signal `null_sender_fanout`. A call-out may try a "
     "second one."},

    {"policy.dnsbl",
     ListKind<Config>{"table", [](Config&) {}, add_dns_list<false>, nullptr,
                      R"([{ zone = "bl.example.org", weight = 10, accept = ["127.0.0.2-11"] }])"},
     "DNS blocklists, each a table with the keys below (also written as `[[policy.dnsbl]]`). A listing "
     "adds its weight."},
    {"policy.dnswl",
     ListKind<Config>{"table", [](Config&) {}, add_dns_list<true>, nullptr,
                      R"([{ zone = "wl.example.org", weight = 10 }])"},
     "DNS allowlists, each a table with the keys below (also written as `[[policy.dnswl]]`). A listing "
     "subtracts its weight."},

    {"policy.bots",
     ListKind<Config>{"table", [](Config& c) { c.front.policy.bots.clear(); }, add_bot, render_bots},
     "Bots that are known by when they leave the slow lane, each a table with the keys below (also written "
     "as `[[policy.bots]]`). The session's log line has the name as `bot`, and nothing is judged by it: "
     "honest senders have timers, too. Leaving the slow lane early counts a little against the reputation, "
     "whenever it was."},

    {"policy.thresholds.fast",
     integer<Config>([](Config& c) -> auto& { return c.front.policy.thresholds.fast; }, 0, million),
     "A score this far below zero (a listing in a `policy.dnswl`, and no worse ones) puts a client into "
     "the fast lane whatever the default lane is; 0 = never."},
    {"policy.thresholds.slow",
     integer<Config>([](Config& c) -> auto& { return c.front.policy.thresholds.slow; }, 0, million),
     "A client whose signals weigh so much in sum is slow; 0 = never. The highest threshold reached counts."},
    {"policy.thresholds.defer",
     integer<Config>([](Config& c) -> auto& { return c.front.policy.thresholds.defer; }, 0, million),
     "A client whose signals weigh so much in sum is deferred; 0 = never. The highest threshold reached "
     "counts."},
    {"policy.thresholds.reject",
     integer<Config>([](Config& c) -> auto& { return c.front.policy.thresholds.reject; }, 0, million),
     "A client whose signals weigh so much in sum is rejected; 0 = never. The highest threshold reached "
     "counts."},
    {"policy.thresholds.content_slow",
     integer<Config>([](Config& c) -> auto& { return c.front.policy.thresholds.content_slow; }, 1, million),
     "A slow client whose signals weigh so much in sum has its messages read slowly, if `pace.content` is "
     "`slow`."},
};

const Key<Config> keys_after_signals[] = {
    {"policy.pregreet.wait_ms",
     or_zero(integer<Config>([](Config& c) -> auto& { return c.front.policy.pregreet_wait; }, 100, 30'000,
                             "a client waits 5 minutes for the greeting (RFC 5321 4.5.3.2.1)")),
     "The greeting is two lines to clients of whom nothing good is known, so far apart; a client that speaks "
     "in between shows the signal `pregreet`. 0 = off: there is one line. There is one line, too, where TLS "
     "begins at once, and without a `store`: everybody would be unknown then."},

    {"policy.networks.fast",
     ListKind<Config>{"\"NETWORK/PREFIX\"", [](Config&) {}, add_network<policy::Lane::fast>},
     "Clients in these networks are fast, whatever else is known of them. Like clients that are "
     "authenticated, they may leave out the domain of an address (`<root>`), which the MTA completes."},
    {"policy.networks.slow",
     ListKind<Config>{"\"NETWORK/PREFIX\"", [](Config&) {}, add_network<policy::Lane::slow>},
     "Clients in these networks are slow, whatever else is known of them."},
    {"policy.networks.defer",
     ListKind<Config>{"\"NETWORK/PREFIX\"", [](Config&) {}, add_network<policy::Lane::defer>},
     "Clients in these networks are deferred, whatever else is known of them."},
    {"policy.networks.reject",
     ListKind<Config>{"\"NETWORK/PREFIX\"", [](Config&) {}, add_network<policy::Lane::reject>},
     "Clients in these networks are rejected, whatever else is known of them."},

    {"policy.networks.health",
     ListKind<Config>{"\"NETWORK/PREFIX\"", [](Config& c) { c.front.policy.health_networks.clear(); },
                      add_health_network},
     "Monitors that only look whether Sluice is alive. They are greeted in one line at once, whatever other "
     "lists say, and are neither judged nor counted nor logged; MAIL is refused (554 5.7.1), so an address "
     "that also sends mail does not belong here."},

    {"policy.unknown_recipients.slow_after",
     integer<Config>([](Config& c) -> auto& { return c.front.policy.unknown_recipients.slow_after; }, 0,
                     million),
     "So many unknown recipients in a window are the signal `unknown_recipients`; 0 = off. One that is named "
     "again and again, as a mailing list names a subscriber who is gone, counts once."},
    {"policy.unknown_recipients.window_s",
     integer<Config>([](Config& c) -> auto& { return c.front.policy.unknown_recipients.window; }, 2, day_s),
     "The time for which an unknown recipient counts."},
    {"policy.unknown_recipients.clients_max",
     integer<Config>([](Config& c) -> auto& { return c.front.policy.unknown_recipients.clients_max; }, 1,
                     100 * million),
     "Clients (IPv6: /64 networks) of which a worker counts the unknown recipients; the least recently seen "
     "is forgotten first."},
};

const Key<policy::DnsListOptions> dns_list_rows[] = {
    {"zone",
     TextKind<policy::DnsListOptions>{[](policy::DnsListOptions& l) -> auto& { return l.zone; },
                                      "a DNS zone without a dot at its ends", is_zone, "bl.example.org"},
     "The zone to ask below."},
    {"shown_as",
     TextKind<policy::DnsListOptions>{[](policy::DnsListOptions& l) -> auto& { return l.shown_as; }, "text"},
     "The text that clients and the log are told instead of a zone that has your key in it; empty = the "
     "zone."},
    {"weight",
     integer<policy::DnsListOptions>([](policy::DnsListOptions& l) -> auto& { return l.weight; }, 0, million),
     "The weight of a listing. Without it, `accept` and `codes`, the codes of a list that `sluice lists` "
     "knows have the weights that stand there."},
    {"accept",
     ListKind<policy::DnsListOptions>{"\"127.0.0.2\" or \"127.0.0.2-11\"",
                                      [](policy::DnsListOptions& l) { l.accept.clear(); }, add_return_codes},
     "The return codes that are a listing; none = all in 127.0.0.0/8. Those in 127.255.255.0/24, and "
     "anything outside 127.0.0.0/8, are errors of the list and never a listing; so are the error codes of a "
     "list that `sluice lists` knows."},
    {"codes", TableKind<policy::DnsListOptions>{R"("127.0.0.10-12" = WEIGHT)", read_code_weights},
     "The weight of each return code, in place of `weight` and `accept`, as in `codes = { \"127.0.0.10-12\" "
     "= 10, \"127.0.0.18-20\" = -5 }`. Each of the last three numbers may be a range or `*`, and no two "
     "entries may overlap. A code that is not named is no listing. A weight is added in a `policy.dnsbl` and "
     "subtracted in a `policy.dnswl`, as `weight` is, and below zero it does the opposite. If a list answers "
     "with several codes, the weightiest against the client and the weightiest for it count, once each."},
};

const Key<policy::BotSignature> bot_rows[] = {
    {"name",
     TextKind<policy::BotSignature>{[](policy::BotSignature& b) -> auto& { return b.name; }, "a name",
                                    [](std::string_view text) { return !text.empty(); }},
     "The bot's name in the log."},
    {"after_s",
     integer<policy::BotSignature>([](policy::BotSignature& b) -> auto& { return b.after; }, 1, day_s),
     "The time from connecting to leaving by which the bot is known."},
    {"tolerance_s",
     integer<policy::BotSignature>([](policy::BotSignature& b) -> auto& { return b.tolerance; }, 0, day_s),
     "The bot may leave so much sooner or later. If several bots fit, the nearest is named."},
};

/// The row of one signal in the catalogue.
template <policy::SignalId id>
Key<Config> signal_key() {
    static const std::string name = fmt::format("policy.signals.{}", policy::row_of(id).name);
    static const std::string doc = fmt::format("{} Known at: {}. Also shown by: {}", policy::row_of(id).help,
                                               policy::row_of(id).stage, policy::row_of(id).false_positives);
    return {name,
            integer<Config>([](Config& c) -> auto& { return c.front.policy.signals.weight(id); }, -million,
                            million),
            doc};
}

template <std::size_t... ids>
void add_signal_keys(std::vector<Key<Config>>& keys, std::index_sequence<ids...>) {
    const auto add = [&keys]<policy::SignalId id>() {
        if (!policy::row_of(id).per_zone) keys.push_back(signal_key<id>());
    };
    (add.template operator()<static_cast<policy::SignalId>(ids)>(), ...);
}

}  // namespace

std::vector<Key<Config>> policy_keys() {
    std::vector<Key<Config>> keys(std::begin(keys_before_signals), std::end(keys_before_signals));
    add_signal_keys(keys, std::make_index_sequence<policy::signal_count>());
    keys.insert(keys.end(), std::begin(keys_after_signals), std::end(keys_after_signals));
    return keys;
}

std::span<const Key<policy::DnsListOptions>> dns_list_keys() {
    return dns_list_rows;
}
std::span<const Key<policy::BotSignature>> bot_keys() {
    return bot_rows;
}

}  // namespace sluice::app
