#include "policy/greylist.hpp"

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "base/keyed_hash.hpp"
#include "policy/client_name.hpp"

namespace sluice::policy {

namespace {

constexpr unsigned network_bits_v4 = 24;
constexpr unsigned network_bits_v6 = 64;

/// The offset at which the last `count` labels begin.
std::size_t last_labels(std::string_view name, unsigned count) {
    std::size_t begin = name.size();
    for (; count > 0; --count) {
        const std::size_t dot = begin == 0 ? std::string_view::npos : name.rfind('.', begin - 1);
        if (dot == std::string_view::npos) return 0;
        begin = dot;
    }
    return begin + 1;
}

}  // namespace

std::string_view registered_domain(std::string_view name) {
    if (name.ends_with('.')) name.remove_suffix(1);
    const std::string_view two = name.substr(last_labels(name, 2));
    const std::size_t dot = two.find('.');
    if (dot == std::string_view::npos) return name;
    constexpr std::size_t country = 2, registry = 3;
    const bool below_a_registry = two.size() - dot - 1 == country && dot <= registry;
    return below_a_registry ? name.substr(last_labels(name, 3)) : two;
}

std::string greylist_domain(std::string_view sender) {
    const std::size_t at = sender.rfind('@');
    return at == std::string_view::npos ? ascii::to_lower(sender) : ascii::to_lower(sender.substr(at + 1));
}

std::string greylist_origin(const IpAddress& client, std::string_view name, bool dynamic) {
    if (!name.empty() && !dynamic) return ascii::to_lower(registered_domain(name));
    return client.masked(client.is_v4() ? network_bits_v4 : network_bits_v6).to_string();
}

GreylistName greylist_name(const IpAddress& client, std::string_view name, std::string_view sender,
                           std::string_view recipient) {
    // The hash has no secret, because machines that share a memory must compute the same one. An attacker who
    // finds two letters with the same hash has only spared himself a retry.
    const std::size_t letter = KeyedHash{}(ascii::to_lower(sender) + '\n' + ascii::to_lower(recipient));
    return {.origin = greylist_origin(client, name, looks_dynamic(name, client)),
            .domain = greylist_domain(sender),
            .letter = fmt::format("{:016x}", letter)};
}

bool is_greylisted(const GreylistOptions& options, Lane lane, int score) {
    switch (options.who) {
        case GreylistWho::nobody: return false;
        case GreylistWho::all: return true;
        case GreylistWho::suspects: break;
    }
    return lane == Lane::slow || (options.suspect_from > 0 && score >= options.suspect_from);
}

GreylistAnswer greylist(const GreylistFacts& facts, const GreylistOptions& options) {
    using What = GreylistAnswer::What;
    const bool allowed = options.allow_after > 0 && facts.passes >= options.allow_after;
    // Not at each mail: what is written waits for the disk.
    constexpr int renewals = 10;  // in the time for which it is kept
    const bool renew = facts.passed && facts.passed_ago >= options.keep / renewals;
    if (facts.passed || allowed) return {.what = What::pass, .newly = false, .renew = renew, .wait = {}};
    if (!facts.first_seen) return {.what = What::wait, .newly = false, .renew = false, .wait = options.delay};
    if (*facts.first_seen < options.delay)
        return {
            .what = What::wait, .newly = false, .renew = false, .wait = options.delay - *facts.first_seen};
    return {.what = What::pass, .newly = true, .renew = false, .wait = {}};
}

}  // namespace sluice::policy
