#include "store/greylist_operations.hpp"

#include "store/keys.hpp"

namespace sluice::store {

namespace {

constexpr std::string_view waiting = "waiting";
constexpr std::string_view passed = "passed";

std::string origin_key(std::string_view origin) {
    return std::string(greylist_space).append(origin);
}

/// A domain may be long; a key may not.
std::string pair_key(std::string_view origin, std::string_view domain) {
    std::string key = origin_key(origin) + '/';
    key += domain.empty() ? "<>" : domain;
    if (key.size() > key_octets_max) key.resize(key_octets_max);
    return key;
}

}  // namespace

Operations greylist_question(const policy::GreylistOptions& options, std::string_view origin,
                             std::string_view domain) {
    return {{.verb = Verb::add,
             .key = pair_key(origin, domain),
             .value = std::string(waiting),
             .term = options.retry_within},
            {.verb = Verb::weigh, .key = origin_key(origin), .term = options.keep}};
}

policy::GreylistFacts read_greylist(const Outcomes& outcomes) {
    policy::GreylistFacts facts;
    if (outcomes.size() != 2) return facts;
    facts.passed = outcomes[0].found && outcomes[0].value == passed;
    if (outcomes[0].found) facts.first_seen = outcomes[0].age;
    facts.passes = outcomes[1].good;
    return facts;
}

Operations greylist_passed(const policy::GreylistOptions& options, std::string_view origin,
                           std::string_view domain) {
    return {{.verb = Verb::put,
             .key = pair_key(origin, domain),
             .value = std::string(passed),
             .term = options.keep},
            {.verb = Verb::weigh, .key = origin_key(origin), .term = options.keep, .good = 1}};
}

}  // namespace sluice::store
