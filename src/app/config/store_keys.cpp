#include "app/config/store_keys.hpp"

#include <array>
#include <iterator>
#include <utility>

#include "app/config/lists.hpp"

namespace sluice::app {

namespace {

constexpr std::int64_t million = 1'000'000;
constexpr std::int64_t year_s = std::int64_t{366} * 86'400;

constexpr std::array<std::string_view, 3> greylisted = {"nobody", "suspects", "all"};

constexpr std::array<std::string_view, policy::scopes> at_once_names{
    "policy.rates.client.at_once", "policy.rates.network.at_once", "policy.rates.all.at_once"};
constexpr std::array<std::array<std::string_view, policy::rates>, policy::scopes> rate_names{{
    {"policy.rates.client.connections", "policy.rates.client.messages", "policy.rates.client.recipients",
     "policy.rates.client.tls_sessions", "policy.rates.client.auth",
     "policy.rates.client.unknown_recipients"},
    {"policy.rates.network.connections", "policy.rates.network.messages", "policy.rates.network.recipients",
     "policy.rates.network.tls_sessions", "policy.rates.network.auth",
     "policy.rates.network.unknown_recipients"},
    {"policy.rates.all.connections", "policy.rates.all.messages", "policy.rates.all.recipients",
     "policy.rates.all.tls_sessions", "policy.rates.all.auth", "policy.rates.all.unknown_recipients"},
}};

constexpr std::array<std::string_view, policy::scopes> at_once_texts{
    "More sessions of one address (IPv6: /64) at once, on this machine, are the signal "
    "`concurrency`; 0 = no limit.",
    "More sessions of one network (/24; IPv6: /48) at once, on this machine, are the signal "
    "`concurrency`; 0 = no limit.",
    "More sessions of all clients together at once, on this machine, are the signal "
    "`concurrency`; 0 = no limit."};
constexpr std::array<std::array<std::string_view, policy::rates>, policy::scopes> rate_texts{{
    {"More connections of one address (IPv6: /64) in `policy.rates.window_s` are the "
     "signal `rate`; 0 = no limit.",
     "More mails (MAIL commands) of one address (IPv6: /64) in `policy.rates.window_s` are the "
     "signal `rate`; 0 = no limit.",
     "More recipients named by one address (IPv6: /64) in `policy.rates.window_s` are the "
     "signal `rate`; 0 = no limit.",
     "More TLS sessions of one address (IPv6: /64) in `policy.rates.window_s` are the "
     "signal `rate`; 0 = no limit.",
     "More AUTH commands of one address (IPv6: /64) in `policy.rates.window_s` are the "
     "signal `rate`; 0 = no limit.",
     "More unknown recipients named by one address (IPv6: /64) in `policy.rates.window_s` are the "
     "signal `rate`; 0 = no limit."},
    {"More connections of one network (/24; IPv6: /48) in `policy.rates.window_s` are the "
     "signal `rate`; 0 = no limit.",
     "More mails (MAIL commands) of one network (/24; IPv6: /48) in `policy.rates.window_s` are the "
     "signal `rate`; 0 = no limit.",
     "More recipients named by one network (/24; IPv6: /48) in `policy.rates.window_s` are the "
     "signal `rate`; 0 = no limit.",
     "More TLS sessions of one network (/24; IPv6: /48) in `policy.rates.window_s` are the "
     "signal `rate`; 0 = no limit.",
     "More AUTH commands of one network (/24; IPv6: /48) in `policy.rates.window_s` are the "
     "signal `rate`; 0 = no limit.",
     "More unknown recipients named by one network (/24; IPv6: /48) in `policy.rates.window_s` are the "
     "signal `rate`; 0 = no limit."},
    {"More connections of all clients together in `policy.rates.window_s` are the "
     "signal `rate`; 0 = no limit.",
     "More mails (MAIL commands) of all clients together in `policy.rates.window_s` are the "
     "signal `rate`; 0 = no limit.",
     "More recipients named by all clients together in `policy.rates.window_s` are the "
     "signal `rate`; 0 = no limit.",
     "More TLS sessions of all clients together in `policy.rates.window_s` are the "
     "signal `rate`; 0 = no limit.",
     "More AUTH commands of all clients together in `policy.rates.window_s` are the "
     "signal `rate`; 0 = no limit.",
     "More unknown recipients named by all clients together in `policy.rates.window_s` are the "
     "signal `rate`; 0 = no limit."},
}};

template <std::size_t scope>
Key<Config> at_once_key() {
    return {at_once_names[scope],
            integer<Config>([](Config& c) -> auto& { return c.front.policy.past.limits[scope].at_once; }, 0,
                            100 * million),
            at_once_texts[scope]};
}

template <std::size_t scope, std::size_t rate>
Key<Config> rate_key() {
    return {
        rate_names[scope][rate],
        integer<Config>([](Config& c) -> auto& { return c.front.policy.past.limits[scope].in_window[rate]; },
                        0, 100 * million),
        rate_texts[scope][rate]};
}

template <std::size_t scope, std::size_t... rate>
void add_scope(std::vector<Key<Config>>& keys, std::index_sequence<rate...>) {
    keys.push_back(at_once_key<scope>());
    (keys.push_back(rate_key<scope, rate>()), ...);
}

const Key<Config> rows[] = {
    {"state.deadline_ms", integer<Config>([](Config& c) -> auto& { return c.store.deadline; }, 1, 10'000),
     "The time that a question to the store may take. If there is no answer by then, nothing is known of the "
     "client, and mail goes on."},
    {"state.records_max",
     integer<Config>([](Config& c) -> auto& { return c.store.records_max; }, 1000, 1000 * million),
     "Records in the database of a `local` store; beyond them those worth least are forgotten."},
    {"state.counts_max",
     integer<Config>([](Config& c) -> auto& { return c.store.counts_max; }, 1000, 100 * million),
     "Rates in the memory of the store process, some 200 octets each; beyond them those worth least are "
     "forgotten."},
    {"state.commit_ms", integer<Config>([](Config& c) -> auto& { return c.store.commit_every; }, 1, 60'000),
     "A `local` store writes down what is new that often: so much a crash of the machine can lose."},
    {"state.redis_prefix", TextKind<Config>{[](Config& c) -> auto& { return c.store.redis_prefix; }, "text"},
     "The text before each key in Redis."},
    {"state.redis_ca_file",
     TextKind<Config>{[](Config& c) -> auto& { return c.store.redis_ca_file; }, "a file"},
     "The authorities for `rediss`, in PEM; empty = the system's."},
    {"state.redis_chain_file",
     TextKind<Config>{[](Config& c) -> auto& { return c.store.redis_chain_file; }, "a file"},
     "Our own certificate and key, in PEM, for a Redis that wants to know who asks; empty = none."},
    {"state.redis_tls_name",
     TextKind<Config>{[](Config& c) -> auto& { return c.store.redis_tls_name; }, host_name_form,
                      is_host_name_or_empty, "redis.example.org"},
     "The name that the certificates of all Redis servers have; empty = the first host."},

    {"policy.reputation.half_life_s",
     integer<Config>([](Config& c) -> auto& { return c.front.policy.past.reputation_half_life; }, 60, year_s),
     "After so long half of what was good or bad of a client is forgotten."},
    {"policy.reputation.asn_file",
     TextKind<Config>{[](Config& c) -> auto& { return c.registers.asn; }, "a file"},
     "A file in the MaxMind DB format that says whose network (ASN) each address is in, as GeoLite2-ASN or "
     "DB-IP's ASN Lite. How others of its ASN have behaved is a weak sign for or against a stranger, and the "
     "log has `asn`. Read at start, and again with each reload; empty = none."},
    {"policy.reputation.country_file",
     TextKind<Config>{[](Config& c) -> auto& { return c.registers.country; }, "a file"},
     "A file in the MaxMind DB format that says in which country each address is, as GeoLite2-Country. How "
     "others of its country have behaved is a weaker sign than its ASN, and never slows anybody alone; the "
     "log has `country`. Read at start, and again with each reload; empty = none."},
    {"policy.rates.window_s",
     integer<Config>([](Config& c) -> auto& { return c.front.policy.past.rate_window; }, 2, 86'400),
     "Rates are counted over so long, as Postfix's anvil_rate_time_unit. `client` is an address (IPv6: its "
     "/64), `network` its /24 (IPv6: /48), `all` everybody."},
};

const Key<Config> rows_after_rates[] = {
    {"policy.overload.sessions_percent",
     integer<Config>([](Config& c) -> auto& { return c.front.policy.overload.sessions_percent; }, 0, 100),
     "From so much of `limits.sessions_max` on, suspects hear 421 4.3.2 in place of a greeting; a third of "
     "the way from there to all of it nine of ten strangers, too, and two thirds of the way all of them. A "
     "client that is on a list, or has delivered mail of late, is always let in. 0 = never for that reason."},
    {"policy.overload.memory_percent",
     integer<Config>([](Config& c) -> auto& { return c.front.policy.overload.memory_percent; }, 0, 100),
     "From so much of `limits.memory_octets_max` on, clients are turned away by the steps of "
     "`policy.overload.sessions_percent`. 0 = never for that reason."},
    {"policy.overload.load_per_core_percent",
     integer<Config>([](Config& c) -> auto& { return c.front.policy.overload.load_per_core_percent; }, 0,
                     million),
     "From so much of the machine's load on (its load average of a minute, divided by its cores: 200 is two "
     "that want each core), clients are turned away by the steps of `policy.overload.sessions_percent`; "
     "twice that is all of it. 0 = never for that reason. Only for a machine that is Sluice's own."},
    {"policy.overload.mta_latency_ms",
     integer<Config>([](Config& c) -> auto& { return c.front.policy.overload.mta_latency; }, 0, 600'000),
     "From so much time on that an MTA takes for an answer about a recipient, of late, clients are turned "
     "away by the steps of `policy.overload.sessions_percent`; twice that is all of it. 0 = never for that "
     "reason."},

    {"policy.greylist.who",
     choice<Config>([](Config& c) -> auto& { return c.front.policy.greylist.who; }, greylisted),
     "The clients that are asked to come again (450 4.7.1) the first time: `suspects` are slow clients, and "
     "those of `policy.greylist.suspect_from`. A client that is on a list of yours, has authenticated, or "
     "has delivered mail of late is never asked, nor is this host itself. Needs a `store`."},
    {"policy.greylist.suspect_from",
     integer<Config>([](Config& c) -> auto& { return c.front.policy.greylist.suspect_from; }, 0, million),
     "A stranger whose signals weigh so much is a suspect although it is not slow: a name that looks "
     "dynamic, or two weak signs. 0 = only slow clients are suspects."},
    {"policy.greylist.delay_s",
     integer<Config>([](Config& c) -> auto& { return c.front.policy.greylist.delay; }, 1, 86'400),
     "The time before a retry counts. Mail servers come again after a minute at the earliest, and mostly "
     "after five."},
    {"policy.greylist.retry_within_s",
     integer<Config>([](Config& c) -> auto& { return c.front.policy.greylist.retry_within; }, 3600, year_s),
     "The time after the first attempt for which a retry counts; a letter that comes later is new again."},
    {"policy.greylist.keep_s",
     integer<Config>([](Config& c) -> auto& { return c.front.policy.greylist.keep; }, 3600, year_s),
     "An origin and a sender's domain pass for so long, or up to a tenth less, after the greylist has last "
     "let them pass. It is not asked about clients that are known otherwise, as by mail that they have "
     "delivered of late: their mail prolongs nothing."},
    {"policy.greylist.allow_after",
     integer<Config>([](Config& c) -> auto& { return c.front.policy.greylist.allow_after; }, 0, million),
     "An origin (the domain of a confirmed name, or the network) that has passed so often, for whatever "
     "senders, is asked no more; 0 = never."},
};

}  // namespace

std::vector<Key<Config>> store_keys() {
    std::vector<Key<Config>> keys(std::begin(rows), std::end(rows));
    constexpr auto every_rate = std::make_index_sequence<policy::rates>();
    add_scope<0>(keys, every_rate);
    add_scope<1>(keys, every_rate);
    add_scope<2>(keys, every_rate);
    keys.insert(keys.end(), std::begin(rows_after_rates), std::end(rows_after_rates));
    return keys;
}

}  // namespace sluice::app
