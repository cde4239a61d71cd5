#include "app/inspect/remembered.hpp"

#include <fmt/format.h>
#include <utility>

#include "app/process/duration.hpp"
#include "policy/act.hpp"
#include "policy/short_block.hpp"
#include "store/keys.hpp"
#include "store/past_operations.hpp"

namespace sluice::app {

std::optional<std::string> key_of(std::string_view space, const Network& network) {
    constexpr unsigned v6_client = 64;  // IpAddress::counted_as()
    const bool is_client = network.prefix() == network.address().bits() ||
                           (!network.address().is_v4() && network.prefix() == v6_client);
    if (is_client) return store::client_key(space, network.address());
    std::string key = store::network_key(space, network.address());
    if (key != std::string(space) + network.to_string()) return std::nullopt;
    return key;
}

std::vector<std::string> keys_of(const Network& network, const Parts& parts) {
    std::vector<std::string> keys;
    if (parts.act) keys.push_back(std::string(store::act_space) + network.to_string());
    const std::pair<bool, std::string_view> others[] = {{parts.block, store::block_space},
                                                        {parts.reputation, store::reputation_space},
                                                        {parts.counts, store::rate_space}};
    for (const auto& [wanted, space] : others)
        if (auto key = key_of(space, network); wanted && key) keys.push_back(*std::move(key));
    return keys;
}

store::Operations look_at_all(const std::vector<std::string>& keys) {
    store::Operations operations;
    for (const std::string& key : keys) {
        store::Verb verb = store::Verb::get;
        if (key.starts_with(store::reputation_space)) verb = store::Verb::weigh;
        if (key.starts_with(store::rate_space)) verb = store::Verb::count;
        operations.push_back({.verb = verb, .key = key});
    }
    return operations;
}

std::string describe(std::string_view key, const store::Outcome& outcome) {
    if (key.starts_with(store::act_space)) {
        const auto act = policy::parse_act(outcome.value);
        if (!act) return {};
        const std::string left =
            outcome.left > Seconds{0} ? duration_text(outcome.left) + " left" : "for ever";
        return fmt::format("{} by {}, {}{}{}", name_of(act->lane), act->who, left,
                           act->why.empty() ? "" : ": ", act->why);
    }
    if (key.starts_with(store::block_space)) {
        const auto block = policy::parse_short_block(outcome.value);
        return block ? fmt::format("short-term block, level {}, {}", block->level, block->why) : "";
    }
    if (key.starts_with(store::reputation_space))
        return fmt::format("good {:.2f}, bad {:.2f}", outcome.good, outcome.bad);
    return key.starts_with(store::rate_space) ? "counts of what it did of late" : "";
}

store::Operations erase_all(const std::vector<std::string>& keys) {
    store::Operations operations;
    for (const std::string& key : keys)
        operations.push_back({.verb = store::Verb::erase, .key = key});
    return operations;
}

}  // namespace sluice::app
