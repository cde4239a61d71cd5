// Compares the tables of the log with what they describe: the guide, the sources that name events, and the
// enumerations whose names appear in the log.
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>
#include <regex>
#include <set>
#include <string>

#include "app/inspect/log_table.hpp"
#include "front/record.hpp"

namespace sluice::app {
namespace {

std::string content_of(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

TEST(LogGuide, IsTheGuide) {
    EXPECT_EQ(content_of(SLUICE_DOCS "/guide/log.md"), log_guide())
        << "sluice find --print-guide > docs/guide/log.md";
}

/// The sources of the product, without the table itself and `sluice sink`, which only logs about a Maildir.
std::string sources() {
    std::string all;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(SLUICE_SOURCES)) {
        const std::string name = entry.path().filename().string();
        if (entry.path().extension() != ".cpp" || name.ends_with("_test.cpp")) continue;
        if (name != "log_table.cpp" && name != "sink_command.cpp") all += content_of(entry.path());
    }
    return all;
}

std::set<std::string> names_in_the_table() {
    std::set<std::string> names;
    for (const LogEventRow& row : log_events())
        EXPECT_TRUE(names.emplace(row.name).second) << row.name << " stands there twice";
    return names;
}

TEST(LogGuide, TellsOfEveryEventThatTheSourcesName) {
    const std::string text = sources();
    // event("name"…, told_(well ? "name" : "name"…, LogLine line{…, "name"}
    const std::regex call(
        R"re((?:\bevent|notice_|\btell|told_|told|acted_)\(\s*(?:[^;"]*\?\s*)?"([a-z_]+)"(?:\s*:\s*[^;"]*?"([a-z_]+)")*)re");
    const std::regex line(R"re(LogLine [a-z]+[({][^;]*"([a-z_]+)"[)}];)re");
    const std::set<std::string> known = names_in_the_table();
    std::set<std::string> found;
    for (const std::regex& pattern : {call, line})
        for (auto it = std::sregex_iterator(text.begin(), text.end(), pattern); it != std::sregex_iterator();
             ++it)
            for (std::size_t i = 1; i < it->size(); ++i)
                if ((*it)[i].matched) found.insert((*it)[i]);
    for (const char* other : {"session", "transaction", "explain"})
        found.erase(other);  // these have tables of their own
    EXPECT_GT(found.size(), 40U) << "the patterns find what they are for";
    for (const std::string& name : found)
        EXPECT_TRUE(known.contains(name)) << name << " is missing in log_table.cpp";
    for (const std::string& name : known)
        EXPECT_NE(text.find('"' + name + '"'), std::string::npos) << name << " is in log_table.cpp only";
}

template <class Enumeration>
void expect_names_of(std::span<const LogWordRow> rows) {
    for (std::size_t i = 0; i < rows.size(); ++i)
        EXPECT_EQ(rows[i].word, name_of(static_cast<Enumeration>(i)));
}

TEST(LogGuide, HasTheWordsOfSessions) {
    expect_names_of<front::Outcome>(log_session_outcomes());
    expect_names_of<judge::Stage>(log_stages());
    EXPECT_EQ(log_stages().size(), front::stages);
    EXPECT_EQ(log_session_outcomes().back().word, front::name_of(front::Outcome::greylisted));
}

}  // namespace
}  // namespace sluice::app
