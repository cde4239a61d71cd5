#include "store/greylist_operations.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "store/keys.hpp"

namespace sluice::store {

namespace {

constexpr std::string_view waiting = "waiting";
constexpr std::string_view passed = "passed";

std::string origin_key(std::string_view origin) {
    return std::string(greylist_space).append(origin);
}

/// A domain may be long, but neither this key nor that of a letter below it may be.
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
    if (facts.passed) facts.passed_ago = outcomes[0].age;
    if (outcomes[1].found) facts.first_seen = outcomes[1].age;
    facts.passes = outcomes[2].good;
    return facts;
}

Operations greylist_waits(const policy::GreylistOptions& options, const policy::GreylistName& name,
                          const GreylistLetter& letter) {
    // A newline separates the addresses, because no address contains one.
    std::string value(waiting);
    for (const std::string& part : {letter.client, letter.sender, letter.recipient})
        value.append("\n").append(part);
    if (value.size() > value_octets_max) value = waiting;
    return {{.verb = Verb::add,
             .key = letter_key(name),
             .value = std::move(value),
             .term = options.retry_within}};
}

std::optional<GreylistLetter> read_greylist_letter(std::string_view value) {
    std::array<std::string_view, 4> parts;  // "waiting", then those of the letter
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const std::size_t end = i + 1 == parts.size() ? value.size() : value.find('\n');
        if (end == std::string_view::npos) return std::nullopt;
        parts.at(i) = value.substr(0, end);
        value.remove_prefix(std::min(end + 1, value.size()));
    }
    if (parts[0] != waiting) return std::nullopt;
    return GreylistLetter{std::string(parts[1]), std::string(parts[2]), std::string(parts[3])};
}

Operations greylist_kept(const policy::GreylistOptions& options, const policy::GreylistName& name) {
    return {{.verb = Verb::put, .key = pair_key(name), .value = std::string(passed), .term = options.keep}};
}

Operations greylist_passed(const policy::GreylistOptions& options, const policy::GreylistName& name) {
    return {{.verb = Verb::put, .key = pair_key(name), .value = std::string(passed), .term = options.keep},
            {.verb = Verb::erase, .key = letter_key(name)},
            {.verb = Verb::weigh, .key = origin_key(name.origin), .term = options.keep, .good = 1}};
}

}  // namespace sluice::store
