// `sluice greylist` and `sluice cache`: show and erase records of the store by name.
#include <cstdio>
#include <fmt/format.h>

#include "app/cli/store_commands.hpp"
#include "app/inspect/remembered.hpp"
#include "app/inspect/store_session.hpp"
#include "app/process/duration.hpp"
#include "app/process/exit_codes.hpp"
#include "base/shown_text.hpp"
#include "relay/recipient_cache.hpp"
#include "relay/shared_answer.hpp"
#include "store/greylist_operations.hpp"
#include "store/keys.hpp"

namespace sluice::app {

namespace {

std::string in_space(std::string_view space, std::string_view what) {
    return std::string(space).append(what);
}

/// Erases the records that exist and returns their number.
std::size_t erase(StoreSession& session, const std::vector<std::string>& keys) {
    std::size_t erased = 0;
    for (const store::Outcome& outcome : session.ask(erase_all(keys)))
        if (outcome.found) ++erased;
    return erased;
}

/// Erases page by page, as there may be very many records.
std::size_t erase_below(StoreSession& session, std::string_view prefix) {
    std::size_t erased = 0;
    std::vector<std::string> keys;
    const auto erase_some = [&] {
        erased += erase(session, keys);
        keys.clear();
    };
    session.list(prefix, [&](const store::Outcome& outcome) {
        keys.push_back(outcome.key);
        if (keys.size() == store::operations_max) erase_some();
        return true;
    });
    erase_some();
    return erased;
}

/// Prints a record: an origin, what is known of one of its domains, or a waiting message with its sender and
/// recipient.
void print_greylist_record(const store::Outcome& outcome) {
    const std::string_view what = std::string_view(outcome.key).substr(store::greylist_space.size());
    const std::size_t slash = what.find('/');
    const bool is_origin = slash == std::string_view::npos;
    std::string_view domain = is_origin ? std::string_view() : what.substr(slash + 1);
    std::string state = is_origin ? fmt::format("{:.1f}", outcome.good) : outcome.value;
    std::string letter;
    if (const auto waits = store::read_greylist_letter(outcome.value)) {
        domain = domain.substr(0, domain.rfind('/'));  // drops the message's identifier
        state = "waiting";
        letter = fmt::format("  {}  <{}> for <{}>", shown(waits->client), shown(waits->sender),
                             shown(waits->recipient));
    }
    fmt::print("{:<28} {:<28} {:<8} {:>8} {:>8}{}\n", shown(what.substr(0, slash)), shown(domain),
               shown(state), duration_text(outcome.age), duration_text(outcome.left), letter);
}

}  // namespace

int list_greylist(const RecordFlags& flags) {
    const auto config = memory_config(flags.run);
    if (!config) return exit_usage;
    StoreSession session(*config, "");
    std::size_t printed = 0;
    bool more = false;
    fmt::print("{:<28} {:<28} {:<8} {:>8} {:>8}  {}\n", "ORIGIN", "SENDER DOMAIN", "STATE", "AGE", "LEFT",
               "CLIENT AND LETTER");
    session.list(store::greylist_space, [&](const store::Outcome& outcome) {
        more = printed == flags.limit;
        if (more) return false;
        ++printed;
        print_greylist_record(outcome);
        return true;
    });
    if (more) fmt::print("and more; see --limit\n");
    return exit_ok;
}

int forget_greylist(const RecordFlags& flags) {
    const auto config = memory_config(flags.run);
    if (!config) return exit_usage;
    StoreSession session(*config, fmt::format("greylist forget {}", flags.what));
    const std::string key = in_space(store::greylist_space, flags.what);
    const std::size_t erased = erase(session, {key}) + erase_below(session, key + '/');
    fmt::print("forgotten: {} records of {}\n", erased, shown(flags.what));
    return exit_ok;
}

int show_cache(const RecordFlags& flags) {
    const auto config = memory_config(flags.run);
    if (!config) return exit_usage;
    std::string recipient;
    relay::write_recipient_key(flags.what, recipient);
    StoreSession session(*config, "");
    const store::Outcome outcome =
        session.ask({.verb = store::Verb::get, .key = in_space(store::recipient_space, recipient)});
    if (outcome.found)
        fmt::print("{}  {}  age {}  left {}\n", shown(recipient),
                   shown(relay::describe_shared(outcome.value)), duration_text(outcome.age),
                   duration_text(outcome.left));
    else
        fmt::print("{}  nothing is remembered\n", shown(recipient));
    return exit_ok;
}

int purge_cache(const RecordFlags& flags) {
    const auto config = memory_config(flags.run);
    if (!config) return exit_usage;
    std::size_t erased = 0;
    if (flags.what.empty()) {
        StoreSession session(*config, "cache purge");
        erased = erase_below(session, store::recipient_space);
    } else {
        std::string recipient;
        relay::write_recipient_key(flags.what, recipient);
        StoreSession session(*config, fmt::format("cache purge {}", recipient));
        erased = erase(session, {in_space(store::recipient_space, recipient)});
    }
    fmt::print("forgotten: {} recipients\n", erased);
    return exit_ok;
}

}  // namespace sluice::app
