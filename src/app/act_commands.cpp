// `sluice allow`, `block`, `forget` and `acts`: the operator's word on a network, kept by the memory, obeyed
// by every worker within a second.
#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <fmt/format.h>

#include "app/acts.hpp"
#include "app/duration.hpp"
#include "app/exit_codes.hpp"
#include "app/remembered.hpp"
#include "app/start_error.hpp"
#include "app/store_commands.hpp"
#include "app/store_session.hpp"
#include "app/systemd.hpp"
#include "base/shown_text.hpp"
#include "store/keys.hpp"

namespace sluice::app {

namespace {

/// Whose word it is; behind sudo, who has used it.
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
    if (put.value.size() > store::value_octets_max)
        throw StartError(fmt::format("--why is longer than {} octets", store::value_octets_max));
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

int forget(const ActFlags& flags) {
    const auto config = memory_config(flags.run);
    const auto network = Network::parse(flags.network);
    if (!config || !network) return exit_usage;
    StoreSession session(*config, fmt::format("forget {}", network->to_string()));
    const std::vector<std::string> keys = keys_of(*network);
    const store::Outcomes outcomes = session.ask(erase_all(keys));
    bool any = false;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (!outcomes[i].found) continue;
        fmt::print("forgotten: {}\n", shown(keys[i]));
        any = true;
    }
    if (!any) fmt::print("nothing was known of {}\n", network->to_string());
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
