// Help texts of the configuration stand alone: an operator reads the one row that he has searched for, and
// not the row above it.
#include <array>
#include <gtest/gtest.h>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/config/keys.hpp"
#include "app/config/policy_keys.hpp"

namespace sluice::app {
namespace {

/// Beginnings that lean on another row, or on a subject that the text does not name.
constexpr std::array<std::string_view, 15> leaning = {
    "Likewise", "The same", "Of ", "As ",  "Who",   "What",     "Where", "That ",
    "Those ",   "These ",   "It ", "Its ", "Such ", "No such ", "They ",
};

/// The beginning of `text` that leans on something; empty = it stands alone.
std::string_view leaning_beginning(std::string_view text) {
    for (const std::string_view beginning : leaning)
        if (text.starts_with(beginning)) return beginning;
    return {};
}

struct Help {
    std::string name;
    std::string_view text;
};

template <class T>
void add_rows(std::vector<Help>& all, std::string_view table, std::span<const Key<T>> keys) {
    for (const Key<T>& key : keys)
        all.push_back({std::string(table) + std::string(key.name), key.doc});
}

/// The texts of every key, of the keys of its tables, and of every section.
std::vector<Help> every_help() {
    std::vector<Help> all;
    add_rows(all, "", config_keys());
    add_rows(all, "relay.mta: ", upstream_keys());
    add_rows(all, "tls.chain_files: ", chain_keys());
    add_rows(all, "policy.dnsbl: ", dns_list_keys());
    add_rows(all, "policy.bots: ", bot_keys());
    for (const Key<Config>& key : config_keys())
        if (const auto dot = key.name.rfind('.'); dot != std::string_view::npos) {
            const std::string_view section = key.name.substr(0, dot);
            all.push_back({std::string(section), section_text(section)});
        }
    return all;
}

TEST(HelpText, EachStandsAlone) {
    const std::vector<Help> all = every_help();
    ASSERT_GT(all.size(), 150U);
    for (const Help& help : all)
        EXPECT_EQ(leaning_beginning(help.text), "") << help.name << ": " << help.text;
}

TEST(HelpText, ABeginningThatLeansIsFound) {
    EXPECT_EQ(leaning_beginning("Likewise rejected; 0 = never."), "Likewise");
    EXPECT_EQ(leaning_beginning("Of `limits.memory_octets_max`."), "Of ");
    EXPECT_EQ(leaning_beginning("Who has passed once passes for so long."), "Who");
    EXPECT_EQ(leaning_beginning("Whoever has passed once passes for so long."), "Who");
    EXPECT_EQ(leaning_beginning("That an MTA takes for an answer."), "That ");
    EXPECT_EQ(leaning_beginning("Often asked; 0 = never."), "");
    EXPECT_EQ(leaning_beginning("The time that one question to DNS may take."), "");
}

}  // namespace
}  // namespace sluice::app
