// The metrics, one row per family: its name for Prometheus, and the possible values of its labels.
//
// The guide (docs/guide/metrics.md) and `sluice metrics` are made from this table. Where a label's values are
// those of an enumeration elsewhere, they have its order; tests beside those enumerations check that.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace sluice {

enum class Metric : std::uint8_t {
    sessions,
    messages,
    recipients,
    turned_away,
    pressure_changes,
    accept_pauses,
    storage_refusals,
    pregreet_waits,
    health_checks,
    proxy_faults,
    tls_handshakes,
    greylist,
    untold,
    dns_answers,
    dns_slow_answers,
    store_questions,
    store_unanswered,
    store_troubles,
    mta_troubles,
    worker_deaths,
    log_lines_lost,
    sessions_held,
    workers,
    count_,
};
inline constexpr auto metric_count = static_cast<std::size_t>(Metric::count_);

struct MetricLabel {
    std::string_view name;  // empty = no label
    std::span<const std::string_view> values;

    constexpr std::size_t size() const { return values.empty() ? 1 : values.size(); }
};

struct MetricRow {
    Metric id;
    std::string_view name;
    bool gauge;  // false: a counter, which only grows
    MetricLabel first;
    MetricLabel second;
    std::string_view help;  // one line

    constexpr std::size_t cells() const { return first.size() * second.size(); }
};

namespace metric_values {

inline constexpr std::string_view lanes[] = {"fast", "slow", "defer", "reject"};
inline constexpr std::string_view outcomes[] = {"quit",     "left",       "timed_out", "refused",
                                                "shutdown", "tls_failed", "greylisted"};
inline constexpr std::string_view mail_results[] = {"accepted", "deferred", "refused", "unknown"};
inline constexpr std::string_view pressures[] = {"none", "high", "higher", "highest"};
inline constexpr std::string_view turned_away[] = {"high", "higher", "highest", "client"};
inline constexpr std::string_view health_checks[] = {"network", "local", "itself", "unnamed", "silent"};
inline constexpr std::string_view proxy_faults[] = {"missing", "late", "broken", "mixed_families",
                                                    "no_client"};
inline constexpr std::string_view pauses[] = {"sessions", "memory", "descriptors"};
inline constexpr std::string_view storage[] = {"memory", "spool"};
inline constexpr std::string_view handshakes[] = {"done", "failed"};
inline constexpr std::string_view greylist[] = {"pass", "wait", "unanswered"};
inline constexpr std::string_view untold[] = {"taken_back", "delivered", "put_off", "answered"};
inline constexpr std::string_view dns_about[] = {"dnsbl", "dnswl", "ptr", "forward", "helo"};
inline constexpr std::string_view dns_results[] = {
    "found", "absent",      "servfail",  "refused",   "lame",       "malformed",
    "bogus", "unreachable", "not_asked", "timed_out", "bad_answer", "lists_everything"};
inline constexpr std::string_view store_troubles[] = {"slow", "down"};
inline constexpr std::string_view mta_troubles[] = {"down", "tls_failed", "no_identity", "relays"};

}  // namespace metric_values

// The label values that have no enumeration elsewhere.
enum class MailResult : std::uint8_t { accepted, deferred, refused, unknown };
enum class TurnedAway : std::uint8_t { high, higher, highest, client };
enum class AcceptPause : std::uint8_t { sessions, memory, descriptors };
enum class StorageLack : std::uint8_t { memory, spool };
enum class HandshakeResult : std::uint8_t { done, failed };
enum class GreylistResult : std::uint8_t { pass, wait, unanswered };
enum class UntoldResult : std::uint8_t { taken_back, delivered, put_off, answered };
enum class StoreTrouble : std::uint8_t { slow, down };
enum class MtaTrouble : std::uint8_t { down, tls_failed, no_identity, relays };

/// One row for each Metric, in the order of the enumeration.
inline constexpr auto metric_table = std::to_array<MetricRow>({
    {Metric::sessions,
     "sluice_sessions_total",
     false,
     {"lane", metric_values::lanes},
     {"outcome", metric_values::outcomes},
     "Sessions that have ended, by their lane and outcome."},
    {Metric::messages,
     "sluice_messages_total",
     false,
     {"result", std::span(metric_values::mail_results).first(3)},
     {},
     "Messages that clients have sent to their end, by what they were told."},
    {Metric::recipients,
     "sluice_recipients_total",
     false,
     {"result", metric_values::mail_results},
     {},
     "Recipients that clients have named, by what they were told; those that do not exist are unknown."},
    {Metric::turned_away,
     "sluice_turned_away_total",
     false,
     {"step", metric_values::turned_away},
     {},
     "Clients that were told 421 instead of a greeting, by the step of overload; client: because there were "
     "too many sessions of that one address."},
    {Metric::pressure_changes,
     "sluice_pressure_changes_total",
     false,
     {"step", metric_values::pressures},
     {},
     "Times that a worker came to a step of overload."},
    {Metric::accept_pauses,
     "sluice_accept_pauses_total",
     false,
     {"why", metric_values::pauses},
     {},
     "Times that a worker left clients in the accept queue, by what it was short of."},
    {Metric::storage_refusals,
     "sluice_storage_refusals_total",
     false,
     {"why", metric_values::storage},
     {},
     "Transactions that were put off with 452, by what there was too little of."},
    {Metric::pregreet_waits,
     "sluice_pregreet_waits_total",
     false,
     {},
     {},
     "Clients that were greeted in two lines."},
    {Metric::health_checks,
     "sluice_health_checks_total",
     false,
     {"by", metric_values::health_checks},
     {},
     "Connections of load balancers and monitors that are no client's, by how they were told apart."},
    {Metric::proxy_faults,
     "sluice_proxy_header_faults_total",
     false,
     {"what", metric_values::proxy_faults},
     {},
     "Connections from `proxy_protocol.networks` whose PROXY header could not be used, by what was wrong "
     "with it; no_client: it named nobody, and mail came."},
    {Metric::tls_handshakes,
     "sluice_tls_handshakes_total",
     false,
     {"result", metric_values::handshakes},
     {},
     "TLS handshakes with clients."},
    {Metric::greylist,
     "sluice_greylist_total",
     false,
     {"result", metric_values::greylist},
     {},
     "Transactions for which the greylist was asked; unanswered: it was not there, and they passed. With "
     "policy.mode = \"observe\" first attempts are not remembered, and a mail that comes again is wait, "
     "too."},
    {Metric::untold,
     "sluice_untold_total",
     false,
     {"what", metric_values::untold},
     {},
     "Messages whose client had gone when there was an answer: taken back before the MTA had them, or "
     "delivered; and messages that came again after that: put off while the first copy was under way, or "
     "answered without being delivered again."},
    {Metric::dns_answers,
     "sluice_dns_answers_total",
     false,
     {"about", metric_values::dns_about},
     {"result", metric_values::dns_results},
     "Questions to DNS about clients (DNS lists, PTR records, the addresses of those names, HELO names), by "
     "what came of them within the deadline."},
    {Metric::dns_slow_answers,
     "sluice_dns_slow_answers_total",
     false,
     {},
     {},
     "Answers of DNS that took longer than a second, whether anybody still waited for them or not."},
    {Metric::store_questions, "sluice_store_questions_total", false, {}, {}, "Questions to the store."},
    {Metric::store_unanswered,
     "sluice_store_unanswered_total",
     false,
     {},
     {},
     "Questions that the store did not answer within the deadline; mail went on without."},
    {Metric::store_troubles,
     "sluice_store_troubles_total",
     false,
     {"what", metric_values::store_troubles},
     {},
     "Times that the store became slow for a worker, or was gone."},
    {Metric::mta_troubles,
     "sluice_mta_troubles_total",
     false,
     {"what", metric_values::mta_troubles},
     {},
     "Times that an MTA went down for a worker, was spoken to without TLS because a handshake failed, was "
     "found not to carry its clients' identities, or to relay for strangers."},
    {Metric::worker_deaths,
     "sluice_worker_deaths_total",
     false,
     {},
     {},
     "Workers that died and were replaced."},
    {Metric::log_lines_lost,
     "sluice_log_lines_lost_total",
     false,
     {},
     {},
     "Log lines of workers that are lost: the disk was full, or nobody read them, for longer than the buffer "
     "of 4 MiB lasts."},
    {Metric::sessions_held, "sluice_sessions", true, {}, {}, "Sessions now."},
    {Metric::workers,
     "sluice_workers",
     true,
     {},
     {},
     "Workers now, with those that only end their last sessions."},
});

namespace metric_layout {

constexpr bool rows_in_order() {
    for (std::size_t i = 0; i < metric_table.size(); ++i)
        if (metric_table[i].id != static_cast<Metric>(i)) return false;
    return metric_table.size() == metric_count;
}
static_assert(rows_in_order(), "one row for each Metric, in its order");

/// The index of the first number of each row; the last entry is the total count.
constexpr std::array<std::size_t, metric_count + 1> make_firsts() {
    std::array<std::size_t, metric_count + 1> firsts{};
    for (std::size_t i = 0; i < metric_count; ++i)
        firsts[i + 1] = firsts[i] + metric_table[i].cells();
    return firsts;
}
inline constexpr auto firsts = make_firsts();

}  // namespace metric_layout

inline constexpr std::size_t metric_cells = metric_layout::firsts[metric_count];

constexpr const MetricRow& row_of(Metric metric) {
    return metric_table[static_cast<std::size_t>(metric)];
}

}  // namespace sluice
