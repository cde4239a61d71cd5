// `sluice allow`, `block`, `unblock`, `forget` and `acts`: the operator's acts on networks. The store keeps
// them, and every worker obeys them within a second.
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fmt/format.h>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/cli/store_commands.hpp"
#include "app/inspect/remembered.hpp"
#include "app/inspect/store_session.hpp"
#include "app/process/duration.hpp"
#include "app/process/exit_codes.hpp"
#include "app/process/start_error.hpp"
#include "app/process/systemd.hpp"
#include "app/worker/acts.hpp"
#include "base/shown_text.hpp"
#include "store/act_stamp.hpp"
#include "store/keys.hpp"

namespace sluice::app {

namespace {

/// The operator's name; behind sudo, the user who ran sudo.
std::string operator_name() {
    const uid_t user = ::geteuid();
    if (user == 0)
        if (const std::string behind = environment("SUDO_USER"); !behind.empty()) return behind;
    std::array<char, 4096> text;
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwuid_r(user, &entry, text.data(), text.size(), &found) == 0 && found != nullptr)
        return entry.pw_name;
    return std::to_string(user);
}

std::string term_text(Seconds left) {
    return left > Seconds{0} ? duration_text(left) : "for ever";
}

/// Prints a line for each record found; returns false when there is none.
bool print_all(std::string_view what, const std::vector<std::string>& keys, const store::Outcomes& found) {
    bool any = false;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (!found[i].found) continue;
        const std::string text = describe(keys[i], found[i]);
        fmt::print("{}: {}{}{}\n", what, shown(keys[i]), text.empty() ? "" : "  ", shown(text));
        any = true;
    }
    return any;
}

/// Erases the records and prints what they were; returns false when there were none. All in one question: the
/// store process then forgets an act even while Redis, which keeps the rest, is away.
bool drop(StoreSession& session, const std::vector<std::string>& keys) {
    store::Operations operations = look_at_all(keys);
    std::ranges::copy(erase_all(keys), std::back_inserter(operations));
    const store::Outcomes outcomes = session.ask(operations);
    store::Outcomes dropped;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const store::Outcome& seen = outcomes[i];
        const store::Outcome& erased = outcomes[keys.size() + i];
        dropped.push_back(erased.found && seen.found ? seen : erased);
    }
    return print_all("forgotten", keys, dropped);
}

/// Prints the block on the smallest larger network that has an act and contains this one. Returns true when
/// none is in force: no such act, or that network is allowed.
bool print_wider_blocks(StoreSession& session, const Network& network) {
    std::optional<std::pair<Network, policy::Act>> nearest;
    session.list(store::act_space, [&](const store::Outcome& outcome) {
        auto read = read_act(outcome);
        if (!read || read->first.prefix() >= network.prefix()) return true;
        if (!read->first.contains(network.address())) return true;
        if (!nearest || read->first.prefix() > nearest->first.prefix()) nearest = std::move(read);
        return true;
    });
    if (!nearest || nearest->second.lane == policy::Lane::fast) return true;
    const std::string wider = nearest->first.to_string();
    fmt::print(stderr, "sluice: {} is still in lane {}, as a part of {}: unblock that, or allow {}\n",
               network.to_string(), name_of(nearest->second.lane), wider, network.to_string());
    return false;
}

int act(const ActFlags& flags, policy::Lane lane, std::string_view command) {
    const auto config = memory_config(flags.run);
    const auto network = Network::parse(flags.network);
    if (!config || !network) return exit_usage;
    const Seconds term = parse_duration(flags.duration).value_or(Seconds{0});
    const policy::Act said{.lane = lane, .who = operator_name(), .why = flags.why};
    store::Operation put{.verb = store::Verb::put,
                         .key = std::string(store::act_space) + network->to_string(),
                         .value = to_text(said),
                         .term = term};
    if (constexpr std::size_t longest = store::value_octets_max - store::act_stamp_octets_max;
        put.value.size() > longest)
        throw StartError(
            fmt::format("--why is too long: with lane and operator it may have {} octets", longest));
    StoreSession session(*config, fmt::format("{} {}", command, network->to_string()));
    session.ask(put);
    fmt::print("{}  {}  {}\n", network->to_string(), name_of(lane), term_text(term));
    return exit_ok;
}

}  // namespace

int allow(const ActFlags& flags) {
    return act(flags, policy::Lane::fast, "allow");
}

int block(const ActFlags& flags) {
    return act(flags, policy::lane_named(flags.lane).value_or(policy::Lane::reject), "block");
}

int unblock(const ActFlags& flags) {
    const auto config = memory_config(flags.run);
    const auto network = Network::parse(flags.network);
    if (!config || !network) return exit_usage;
    StoreSession session(*config, fmt::format("unblock {}", network->to_string()));
    std::vector<std::string> keys = keys_of(*network, {.reputation = false, .counts = false});
    const auto act = policy::parse_act(session.ask({.verb = store::Verb::get, .key = keys.front()}).value);
    if (act && act->lane == policy::Lane::fast) keys.erase(keys.begin());  // it is allowed, and that stays
    if (!drop(session, keys)) fmt::print("nothing blocked {} itself\n", network->to_string());
    bool free = true;
    if (!act || act->lane != policy::Lane::fast) free = print_wider_blocks(session, *network);
    return free ? exit_ok : exit_failed;
}

int forget(const ForgetFlags& flags) {
    const auto config = memory_config(flags.run);
    const auto network = Network::parse(flags.network);
    if (!config || !network) return exit_usage;
    const bool all = !flags.act && !flags.reputation;
    const std::vector<std::string> keys = keys_of(
        *network,
        {.act = all || flags.act, .block = all, .reputation = all || flags.reputation, .counts = all});
    StoreSession session(*config, flags.dry_run ? "" : fmt::format("forget {}", network->to_string()));
    const bool any = flags.dry_run ? print_all("would be forgotten", keys, session.ask(look_at_all(keys)))
                                   : drop(session, keys);
    if (!any) fmt::print("nothing {} known of {}\n", flags.dry_run ? "is" : "was", network->to_string());
    return exit_ok;
}

int list_acts(const RunFlags& flags) {
    const auto config = memory_config(flags);
    if (!config) return exit_usage;
    StoreSession session(*config, "");
    session.list(store::act_space, [](const store::Outcome& outcome) {
        if (const auto read = read_act(outcome))
            fmt::print("{:<20} {:<7} {:<10} {:<12} {}\n", read->first.to_string(), name_of(read->second.lane),
                       term_text(outcome.left), shown(read->second.who), shown(read->second.why));
        return true;
    });
    return exit_ok;
}

}  // namespace sluice::app
