// `sluice reputation`: prints what is believed of a client and those around it, and the evidence for it.
#include <cstdio>
#include <fmt/format.h>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/cli/store_commands.hpp"
#include "app/generation/registers.hpp"
#include "app/inspect/remembered.hpp"
#include "app/inspect/reputation_ranking.hpp"
#include "app/inspect/store_session.hpp"
#include "app/process/duration.hpp"
#include "app/process/exit_codes.hpp"
#include "base/shown_text.hpp"
#include "policy/past.hpp"
#include "policy/place.hpp"
#include "store/keys.hpp"
#include "store/past_operations.hpp"

namespace sluice::app {

namespace {

void print_evidence(std::string_view whose, std::string_view what, const store::Outcome& outcome) {
    if (outcome.found)
        fmt::print("  {:<8} {}  good {:.2f}  bad {:.2f}  since {}\n", whose, what, outcome.good, outcome.bad,
                   duration_text(outcome.age));
    else
        fmt::print("  {:<8} {}  nothing is known\n", whose, what);
}

void print_block(const store::Outcome& outcome) {
    const auto block = outcome.found ? policy::parse_short_block(outcome.value) : std::nullopt;
    if (!block) return;
    const Seconds left = policy::duration_of(*block) - outcome.age;
    fmt::print("  {:<8} level {}, {}, {}\n", "block", block->level, shown(block->why),
               left > Seconds{0} ? duration_text(left) + " left"
                                 : "over, remembered for " + duration_text(outcome.left));
}

void print_standing(const policy::Standing& standing, int weight_max) {
    fmt::print("  {:<8} {}\n  {:<8} {}\n", "belief", belief_text(standing), "weight",
               policy::weight_of(standing, weight_max));
}

/// The name in the store, taken from its key.
std::string_view name_in(const std::string& key) {
    return std::string_view(key).substr(store::reputation_space.size());
}

/// One subject ("client", "network", "asn" or "country"), and the part of Evidences to which its evidence
/// belongs.
struct Asked {
    std::string_view who;
    std::string key;
    policy::Evidence policy::Evidences::* part;
};

std::vector<Asked> asked_of_client(const IpAddress& client, const policy::Place& place) {
    constexpr std::string_view space = store::reputation_space;
    std::vector<Asked> asked{{"client", store::client_key(space, client), &policy::Evidences::client},
                             {"network", store::network_key(space, client), &policy::Evidences::network}};
    if (place.asn != 0) asked.push_back({"asn", store::asn_key(space, place), &policy::Evidences::asn});
    if (place.knows_country())
        asked.push_back({"country", store::country_key(space, place), &policy::Evidences::country});
    return asked;
}

/// Prints the evidence on these subjects, and what follows for a client to which all of it applies.
void show_asked(StoreSession& session, std::string_view title, const std::vector<Asked>& asked,
                int weight_max) {
    store::Operations operations;
    for (const Asked& each : asked)
        operations.push_back({.verb = store::Verb::weigh, .key = each.key});
    const store::Outcomes found = session.ask(operations);
    policy::Evidences evidences;
    fmt::print("{}\n", title);
    for (std::size_t i = 0; i < asked.size(); ++i) {
        print_evidence(asked[i].who, name_in(asked[i].key), found[i]);
        evidences.*asked[i].part = evidence_in(found[i]);
    }
    print_standing(policy::standing_of(evidences), weight_max);
}

/// The subject that the command line names; the line has been checked.
struct Named {
    std::string text;  // for people
    Asked asked;
    std::optional<IpAddress> client;  // nothing = a whole network, ASN or country
};

/// Nothing when such networks have no reputation; the reason is then printed.
std::optional<Named> named(const std::string& name) {
    constexpr std::string_view space = store::reputation_space;
    if (const auto place = policy::parse_place(name)) {
        Asked asked = place->asn != 0
                          ? Asked{"asn", store::asn_key(space, *place), &policy::Evidences::asn}
                          : Asked{"country", store::country_key(space, *place), &policy::Evidences::country};
        return Named{std::string(name_in(asked.key)), std::move(asked), std::nullopt};
    }
    const auto network = Network::parse(name);
    const auto key = network ? key_of(space, *network) : std::nullopt;
    if (!key) {
        fmt::print(stderr,
                   "sluice: {}: reputation is of an address (IPv6: /64), of its network (/24; IPv6: /48), of "
                   "an ASN (AS64500) and of a country (DE)\n",
                   name);
        return std::nullopt;
    }
    const IpAddress& address = network->address();
    if (*key == store::client_key(space, address))
        return Named{network->to_string(), {"client", *key, &policy::Evidences::client}, address};
    return Named{network->to_string(), {"network", *key, &policy::Evidences::network}, std::nullopt};
}

void show_one(StoreSession& session, const Named& whom, const Config& config) {
    const int weight_max = config.front.policy.signals.weight(policy::SignalId::reputation);
    if (!whom.client) return show_asked(session, whom.text, {whom.asked}, weight_max);
    const auto registers = load_registers(config);
    const policy::Place place = registers ? registers->find(*whom.client) : policy::Place{};
    show_asked(session, whom.text, asked_of_client(*whom.client, place), weight_max);
    print_block(
        session.ask({.verb = store::Verb::get, .key = store::client_key(store::block_space, *whom.client)}));
}

}  // namespace

int show_reputation(const ReputationFlags& flags) {
    const auto config = memory_config(flags.run);
    if (!config) return exit_usage;
    if (flags.network.empty()) {
        StoreSession session(*config, "");
        show_extremes(session, flags.count);
        return exit_ok;
    }
    const auto whom = named(flags.network);
    if (!whom) return exit_usage;
    StoreSession session(*config, "");
    show_one(session, *whom, *config);
    return exit_ok;
}

int reset_reputation(const ReputationFlags& flags) {
    const auto config = memory_config(flags.run);
    if (!config) return exit_usage;
    const auto whom = named(flags.network);
    if (!whom) return exit_usage;
    StoreSession session(*config, fmt::format("reputation reset {}", whom->text));
    const bool found = session.ask({.verb = store::Verb::erase, .key = whom->asked.key}).found;
    fmt::print("{}: {}\n", found ? "forgotten" : "nothing was known", name_in(whom->asked.key));
    return exit_ok;
}

}  // namespace sluice::app
