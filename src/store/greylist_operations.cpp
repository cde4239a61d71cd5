#include "store/greylist_operations.hpp"

#include "store/keys.hpp"

namespace sluice::store {

namespace {

constexpr std::string_view waiting = "waiting";
constexpr std::string_view passed = "passed";

std::string origin_key(std::string_view origin) {
    return std::string(greylist_space).append(origin);
}

/// A domain may be long; a key may not, nor may that of a letter below it.
std::string pair_key(const policy::GreylistName& name) {
    constexpr std::size_t letter_octets = 1 + 16;
    std::string key = origin_key(name.origin) + '/';
    key += name.domain.empty() ? "<>" : name.domain;
    if (key.size() > key_octets_max - letter_octets) key.resize(key_octets_max - letter_octets);
    return key;
}

std::string letter_key(const policy::GreylistName& name) {
    return pair_key(name) + '/' + name.letter;
}

}  // namespace

Operations greylist_question(const policy::GreylistOptions& options, const policy::GreylistName& name) {
    return {{.verb = Verb::get, .key = pair_key(name)},
            {.verb = Verb::get, .key = letter_key(name)},
            {.verb = Verb::weigh, .key = origin_key(name.origin), .term = options.keep}};
}

policy::GreylistFacts read_greylist(const Outcomes& outcomes) {
    policy::GreylistFacts facts;
    if (outcomes.size() != 3) return facts;
    facts.passed = outcomes[0].found && outcomes[0].value == passed;
    if (outcomes[1].found) facts.first_seen = outcomes[1].age;
    facts.passes = outcomes[2].good;
    return facts;
}

Operations greylist_waits(const policy::GreylistOptions& options, const policy::GreylistName& name) {
    return {{.verb = Verb::add,
             .key = letter_key(name),
             .value = std::string(waiting),
             .term = options.retry_within}};
}

Operations greylist_passed(const policy::GreylistOptions& options, const policy::GreylistName& name) {
    return {{.verb = Verb::put, .key = pair_key(name), .value = std::string(passed), .term = options.keep},
            {.verb = Verb::erase, .key = letter_key(name)},
            {.verb = Verb::weigh, .key = origin_key(name.origin), .term = options.keep, .good = 1}};
}

}  // namespace sluice::store
