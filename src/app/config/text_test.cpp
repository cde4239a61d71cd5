#include "app/config/text.hpp"

#include <fmt/format.h>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>
#include <string>

#include "app/config/config.hpp"
#include "app/config/keys.hpp"

namespace sluice::app {
namespace {

using testing::HasSubstr;

/// All scalar values of a configuration, as its rows read them.
std::string values(Config& config) {
    std::string out;
    for (const Key<Config>& key : config_keys()) {
        out += key.name;
        out += '=';
        if (const auto* integer_kind = std::get_if<IntegerKind<Config>>(&key.kind))
            out += std::to_string(integer_kind->get(config));
        else if (const auto* boolean = std::get_if<BooleanKind<Config>>(&key.kind))
            out += boolean->at(config) ? "true" : "false";
        else if (const auto* text = std::get_if<TextKind<Config>>(&key.kind))
            out += text->at(config);
        else if (const auto* one = std::get_if<ChoiceKind<Config>>(&key.kind))
            out += one->names[one->get(config)];
        else if (const auto* list = std::get_if<ListKind<Config>>(&key.kind); list->render != nullptr)
            out += list->render(config);
        out += '\n';
    }
    return out;
}

TEST(ConfigText, ReadingThePrintedDefaultsChangesNothing) {
    auto config = parse_config(default_config_text(), "defaults");
    ASSERT_TRUE(config) << config.error()[0].to_string();
    Config defaults;
    EXPECT_EQ(values(*config), values(defaults));
}

TEST(ConfigText, TheExamplesInItCanBeTaken) {
    std::string text = default_config_text();
    for (const std::string_view line : {"# dnsbl = ", "# dnswl = "}) {
        ASSERT_THAT(text, HasSubstr(line));
        text.erase(text.find(line), 2);
    }
    const auto config = parse_config(text, "defaults");
    ASSERT_TRUE(config) << config.error()[0].to_string();
    EXPECT_EQ(config->front.policy.dns_lists.size(), 2U);
}

TEST(ConfigText, DefaultsAreWithinTheirBounds) {
    Config config;
    for (const Key<Config>& key : config_keys()) {
        const auto* kind = std::get_if<IntegerKind<Config>>(&key.kind);
        if (kind == nullptr) continue;
        const std::int64_t value = kind->get(config);
        EXPECT_TRUE((kind->zero_too && value == 0) || (value >= kind->least && value <= kind->most))
            << key.name;
    }
}

TEST(ConfigText, EveryRowAndSectionIsExplained) {
    for (const Key<Config>& key : config_keys()) {
        EXPECT_FALSE(key.doc.empty()) << key.name;
        const auto dot = key.name.rfind('.');
        if (dot == std::string_view::npos) continue;
        EXPECT_FALSE(section_text(key.name.substr(0, dot)).empty()) << key.name;
    }
}

TEST(ConfigText, TheReferenceInTheRepositoryIsTheOneWePrint) {
    std::ifstream in(SLUICE_DOCS "/guide/config.md", std::ios::binary);
    const std::string there{std::istreambuf_iterator<char>(in), {}};
    EXPECT_EQ(there, config_reference()) << "run: sluice check --print-reference > docs/guide/config.md";
}

TEST(ConfigText, TheManPageHasEverySection) {
    std::ifstream in(SLUICE_DOCS "/man/sluice.toml.5", std::ios::binary);
    const std::string page{std::istreambuf_iterator<char>(in), {}};
    for (const Key<Config>& key : config_keys()) {
        const auto dot = key.name.rfind('.');
        if (dot == std::string_view::npos) continue;
        EXPECT_THAT(page, HasSubstr(fmt::format("[{}]", key.name.substr(0, dot)))) << key.name;
    }
}

TEST(ConfigText, TheGuideTellsOfEverySignal) {
    std::ifstream in(SLUICE_DOCS "/guide/signals.md", std::ios::binary);
    const std::string guide{std::istreambuf_iterator<char>(in), {}};
    std::string table =
        "| signal | known at | weight | what has been noticed | who else shows it |\n|---|---|---|---|---|\n";
    for (const policy::SignalRow& row : policy::signal_catalogue()) {
        table +=
            fmt::format("| `{}` | {} | {} | {} | {} |\n", row.name, row.stage,
                        row.per_zone ? "by zone" : fmt::to_string(row.weight), row.help, row.false_positives);
    }
    EXPECT_THAT(guide, HasSubstr(table)) << "put this into docs/guide/signals.md:\n" << table;
}

}  // namespace
}  // namespace sluice::app
