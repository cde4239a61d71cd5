#include "store/untold_operations.hpp"

#include <utility>

#include "store/keys.hpp"
#include "store/past_operations.hpp"

namespace sluice::store {

namespace {

std::string letter_key(const IpAddress& client, std::string_view letter) {
    return network_key(untold_space, client).append("/").append(letter);
}

}  // namespace

Operation untold_of_network(const IpAddress& client) {
    return {.verb = Verb::get, .key = network_key(untold_space, client)};
}

Operations untold_letter(const IpAddress& client, std::string_view letter) {
    return {{.verb = Verb::get, .key = letter_key(client, letter)}};
}

std::optional<std::string> read_untold(const Outcomes& outcomes, Seconds life_max) {
    if (outcomes.size() != 1 || !outcomes[0].found) return std::nullopt;
    const Outcome& record = outcomes[0];
    const bool lasts =
        record.left == Seconds{0} || record.age + record.left > life_max + Seconds{1};  // both are rounded
    return lasts ? std::nullopt : std::optional(record.value);
}

Operations remember_untold(Verb verb, const IpAddress& client, std::string_view letter, std::string value,
                           Seconds life, Seconds network_life) {
    return {
        {.verb = verb, .key = letter_key(client, letter), .value = std::move(value), .term = life},
        {.verb = Verb::put, .key = network_key(untold_space, client), .value = "1", .term = network_life}};
}

Operations forget_untold(const IpAddress& client, std::string_view letter) {
    return {{.verb = Verb::erase, .key = letter_key(client, letter)}};
}

}  // namespace sluice::store
