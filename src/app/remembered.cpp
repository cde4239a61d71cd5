#include "app/remembered.hpp"

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

std::vector<std::string> keys_of(const Network& network) {
    std::vector<std::string> keys{std::string(store::act_space) + network.to_string()};
    for (const std::string_view space : {store::block_space, store::reputation_space, store::rate_space})
        if (auto key = key_of(space, network)) keys.push_back(*std::move(key));
    return keys;
}

store::Operations erase_all(const std::vector<std::string>& keys) {
    store::Operations operations;
    for (const std::string& key : keys)
        operations.push_back({.verb = store::Verb::erase, .key = key});
    return operations;
}

}  // namespace sluice::app
