#include "base/log_line.hpp"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <string>

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::system_clock;

// 2026-11-21T02:00:00.123Z
const system_clock::time_point moment{milliseconds{1'795'226'400'123}};

std::string value_as(LogFormat format, std::string_view value) {
    std::string out;
    LogLine(format, out, moment, "e").text("k", value).finish();
    const std::string_view before = format == LogFormat::json
                                        ? R"({"time":"2026-11-21T02:00:00.123Z","event":"e","k":)"
                                        : "2026-11-21T02:00:00.123Z e k=";
    EXPECT_EQ(out.substr(0, before.size()), before);
    const std::size_t tail = format == LogFormat::json ? 2 : 1;
    return out.substr(before.size(), out.size() - before.size() - tail);
}

TEST(LogLine, RendersJson) {
    std::string out = "before\n";
    LogLine line(LogFormat::json, out, moment, "session");
    line.text("client", "192.0.2.1").number("octets", -5).real("seconds", 1.25).boolean("tls", false);
    line.open_list("signals").open_object("").text("name", "dnsbl").number("weight", 3).close();
    line.open_object("").close().close().open_list("rcpts").text("", "a").text("", "b").close();
    line.number("last", 1).finish();
    EXPECT_EQ(out,
              "before\n"
              R"({"time":"2026-11-21T02:00:00.123Z","event":"session","client":"192.0.2.1","octets":-5,)"
              R"("seconds":1.25,"tls":false,"signals":[{"name":"dnsbl","weight":3},{}],)"
              R"("rcpts":["a","b"],"last":1})"
              "\n");
}

TEST(LogLine, RendersForPeople) {
    std::string out;
    LogLine line(LogFormat::pretty, out, moment, "session");
    line.text("client", "192.0.2.1").text("helo", "two words").text("from", "");
    line.open_list("signals").open_object("").text("name", "dnsbl").number("weight", 3).close().close();
    line.boolean("tls", true).finish();
    EXPECT_EQ(out,
              "2026-11-21T02:00:00.123Z session client=192.0.2.1 helo=\"two words\" from=\"\" "
              "signals=[{name=dnsbl weight=3}] tls=true\n");
}

TEST(LogLine, FinishClosesWhatIsOpen) {
    std::string out;
    LogLine(LogFormat::json, out, moment, "e").open_list("l").open_object("").number("n", 1).finish();
    EXPECT_EQ(out, R"({"time":"2026-11-21T02:00:00.123Z","event":"e","l":[{"n":1}]})"
                   "\n");
}

TEST(LogLine, IsAsDeepAsItsBitsTell) {
    constexpr unsigned levels = 63;  // depth_max
    std::string out;
    LogLine line(LogFormat::json, out, moment, "e");
    std::string opened;
    std::string closed;
    for (unsigned level = 0; level < levels; ++level) {
        const bool list = level % 2 == 0;
        opened += list ? "[" : "{\"k\":";
        closed.insert(0, list ? "]" : "}");
        if (list) {
            line.open_list("k");
        } else {
            line.open_object("k");
        }
    }
#ifndef NDEBUG
    // Only our own code nests, and never so deep.
    EXPECT_DEATH(line.open_list("k"), "depth_max");
    EXPECT_DEATH(line.open_object("k"), "depth_max");
#endif
    line.number("k", 1).finish();
    EXPECT_EQ(out, R"({"time":"2026-11-21T02:00:00.123Z","event":"e","k":)" + opened + "1" + closed + "}\n");
}

struct EscapeCase {
    std::string_view value;
    std::string_view json;
    std::string_view pretty;
};

TEST(LogLine, NothingAPeerSendsEndsTheLineOrForgesAField) {
    using namespace std::string_view_literals;
    const EscapeCase cases[] = {
        {"plain", R"("plain")", "plain"},
        {"a\"b\\c", R"("a\"b\\c")", R"("a\"b\\c")"},
        {"x\n{\"event\":1}", R"("x\u000A{\"event\":1}")", R"("x\u000A{\"event\":1}")"},
        {"x verdict=fast", R"("x verdict=fast")", R"("x verdict=fast")"},
        {"a=b", R"("a=b")", R"("a=b")"},
        {"{a}", R"("{a}")", R"("{a}")"},
        {"\r\t\0\x1b[31m\x7f"sv, R"("\u000D\u0009\u0000\u001B[31m\u007F")",
         R"("\u000D\u0009\u0000\u001B[31m\u007F")"},
        {"gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\"", "\"gr\xc3\xbc\xc3\x9f\""},
        {"\xf0\x9f\x93\xac", "\"\xf0\x9f\x93\xac\"", "\"\xf0\x9f\x93\xac\""},
        {"\xc2\x9b", R"("\u009B")", R"("\u009B")"},  // CSI of a terminal
        {"a\xe2\x80\xae-b", R"("a\u202E-b")", R"("a\u202E-b")"},
        {"\xc2\xa0", "\"\xc2\xa0\"", "\"\xc2\xa0\""},
        {"\xff", R"("\u00FF")", R"("\u00FF")"},
        {"\xc3", R"("\u00C3")", R"("\u00C3")"},                  // incomplete
        {"\xc0\xaf", R"("\u00C0\u00AF")", R"("\u00C0\u00AF")"},  // overlong
        {"\xe0\x9f\xbf", R"("\u00E0\u009F\u00BF")", R"("\u00E0\u009F\u00BF")"},
        {"\xed\xa0\x80", R"("\u00ED\u00A0\u0080")", R"("\u00ED\u00A0\u0080")"},  // surrogate
        {"\xf4\x90\x80\x80", R"("\u00F4\u0090\u0080\u0080")", R"("\u00F4\u0090\u0080\u0080")"},
    };
    for (const EscapeCase& c : cases) {
        EXPECT_EQ(value_as(LogFormat::json, c.value), c.json);
        EXPECT_EQ(value_as(LogFormat::pretty, c.value), c.pretty);
    }
}

TEST(LogLine, RealsHaveAtMostThreeDecimals) {
    const std::pair<double, std::string_view> cases[] = {
        {0, "0"},
        {-0.0001, "0"},
        {1.5, "1.5"},
        {1.23456, "1.235"},
        {-2, "-2"},
        {100, "100"},
        {0.001, "0.001"},
        {1e12, "1000000000000"},
        {9e12, "9000000000000"},  // thousandths_max, and the next there is
        {std::nextafter(9e12, 1e13), "9000000000000.002"},
        {std::nextafter(-9e12, -1e13), "-9000000000000.002"},
        {1e300, "1e+300"},
        {std::numeric_limits<double>::infinity(), "null"},
        {std::numeric_limits<double>::quiet_NaN(), "null"},
    };
    for (const auto& [value, text] : cases) {
        std::string out;
        LogLine(LogFormat::pretty, out, moment, "e").real("k", value).finish();
        EXPECT_EQ(out.substr(std::string_view("2026-11-21T02:00:00.123Z e k=").size()),
                  std::string(text) + "\n");
    }
}

TEST(LogLine, TimesAreUtcAndPadded) {
    std::string out;
    LogLine(LogFormat::pretty, out, system_clock::time_point{}, "e").finish();
    LogLine(LogFormat::pretty, out, system_clock::time_point{milliseconds{951'782'399'007}}, "e").finish();
    EXPECT_EQ(out, "1970-01-01T00:00:00.000Z e\n2000-02-28T23:59:59.007Z e\n");
}

}  // namespace
}  // namespace sluice
