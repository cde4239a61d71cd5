#include "smtp/path.hpp"

#include <gtest/gtest.h>
#include <string>

namespace sluice::smtp {
namespace {

/// "address|rest", "syntax error" or "address error".
std::string parsed(std::string_view text, PathKind kind, const Limits& limits = {},
                   Domain domain = Domain::required) {
    const auto path = parse_path(text, kind, limits, domain);
    if (!path) return path.error() == PathError::syntax ? "syntax error" : "address error";
    return std::string(path->address) + "|" + std::string(path->rest) + (path->eight_bit ? "|8bit" : "");
}

struct PathCase {
    std::string_view text;
    std::string_view parsed;  // of either kind
};

TEST(Path, TakesWhatBothKindsTake) {
    const PathCase cases[] = {
        {"<a@example.org>", "a@example.org|"},
        {"<a@example.org> SIZE=1  BODY=7BIT", "a@example.org|SIZE=1  BODY=7BIT"},
        {" <a@example.org>", "a@example.org|"},
        {"\t<a@example.org>", "a@example.org|"},
        {"<a@example.org>\tSIZE=1\t BODY=7BIT", "a@example.org|SIZE=1\t BODY=7BIT"},
        {"<a@example.org> \tSIZE=1", "a@example.org|SIZE=1"},
        {"a@example.org", "a@example.org|"},
        {" a@example.org SIZE=1", "a@example.org|SIZE=1"},
        {"\ta@example.org\tSIZE=1", "a@example.org|SIZE=1"},
        {"<a@example.org.>", "a@example.org|"},
        {"<a@localhost.>", "a@localhost|"},
        {"a@example.org. SIZE=1", "a@example.org|SIZE=1"},
        {"<@x.example:a@example.org.>", "a@example.org|"},
        {"<a.b+c=d!e#f$g%h&i'j*k-l/m?n^o_p`q{r|s}t~u@example.org>",
         "a.b+c=d!e#f$g%h&i'j*k-l/m?n^o_p`q{r|s}t~u@example.org|"},
        {"<A@EXAMPLE.ORG>", "A@EXAMPLE.ORG|"},
        {"<a..b.@example.org>", "a..b.@example.org|"},
        {"<a@_dmarc.ex-ample.org>", "a@_dmarc.ex-ample.org|"},
        {"<a@localhost>", "a@localhost|"},
        {R"(<"a b"@example.org>)", R"("a b"@example.org|)"},
        {R"(<"a> SIZE=1 <b"@example.org>)", R"("a> SIZE=1 <b"@example.org|)"},
        {R"(<"a\"b\\@c"@example.org> X=1)", R"("a\"b\\@c"@example.org|X=1)"},
        {R"("a b"@example.org X=1)", R"("a b"@example.org|X=1)"},
        {R"(<""@example.org>)", R"(""@example.org|)"},
        {"<a@[192.0.2.1]>", "a@[192.0.2.1]|"},
        {"<a@[IPv6:2001:db8::1]>", "a@[IPv6:2001:db8::1]|"},
        {"<a@[ipv6:::1]>", "a@[ipv6:::1]|"},
        {"<@x.example:a@example.org>", "a@example.org|"},
        {"<@x.example,@[192.0.2.1],@[IPv6:::1]:a@example.org> X", "a@example.org|X"},
        {"<j\xc3\xbcrgen@b\xc3\xbc"
         "cher.example>",
         "j\xc3\xbcrgen@b\xc3\xbc"
         "cher.example||8bit"},

        {"", "syntax error"},
        {" ", "syntax error"},
        {"<", "syntax error"},
        {"<a@example.org", "syntax error"},
        {"<a@example.org>X=1", "syntax error"},
        {R"(<"a@example.org>)", "syntax error"},
        {"<a@example.org>>", "syntax error"},
        {"<@example.org>", "address error"},
        {"<a@>", "address error"},
        {"<a>", "address error"},
        {"a@example.org>", "address error"},
        {"<a@b@c>", "address error"},
        {"<a b@example.org>", "address error"},
        {"<a@example..org>", "address error"},
        {"<a@.example.org>", "address error"},
        {"<a@example.org..>", "address error"},
        {"<a@.>", "address error"},
        {"<a@[192.0.2.1].>", "address error"},
        {"<a.>", "address error"},
        {"<a\t@example.org>", "address error"},
        {"<a@example.org\t>", "address error"},
        {"<\"a\tb\"@example.org>", "address error"},
        {"<a@exam\tple.org>", "address error"},
        {"\t", "syntax error"},
        {"<a@exam ple.org>", "address error"},
        {"<a@example.org/x>", "address error"},
        {"<(comment)a@example.org>", "address error"},
        {"<a,b@example.org>", "address error"},
        {"<a:b@example.org>", "address error"},
        {R"(<a"b"@example.org>)", "address error"},
        {R"(<"a"b@example.org>)", "address error"},
        {"<\"a\\\xc3\xbc\"@example.org>", "address error"},
        {"<a@[192.0.2.256]>", "address error"},
        {"<a@[192.0.2.1>", "address error"},
        {"<a@[2001:db8::1]>", "address error"},
        {"<a@[IPv6:192.0.2.1]>", "address error"},
        {"<a@[X400:c=de]>", "address error"},
        {"<a@[]>", "address error"},
        {"<a@[>", "address error"},
        {"<@x.example>", "address error"},
        {"<@x.example:>", "address error"},
        {"<@x.example,a@example.org>", "address error"},
        {"<@x..example:a@example.org>", "address error"},
        {"<@:a@example.org>", "address error"},
        {"<<a@example.org>>", "syntax error"},
    };
    for (const PathCase& c : cases) {
        EXPECT_EQ(parsed(c.text, PathKind::reverse), c.parsed) << c.text;
        EXPECT_EQ(parsed(c.text, PathKind::forward), c.parsed) << c.text;
    }
}

TEST(Path, OnlyTheSenderMayBeNull) {
    EXPECT_EQ(parsed("<>", PathKind::reverse), "|");
    EXPECT_EQ(parsed("<> SIZE=1", PathKind::reverse), "|SIZE=1");
    EXPECT_EQ(parsed("<>", PathKind::forward), "address error");
    EXPECT_EQ(parsed("< >", PathKind::reverse), "address error");
}

TEST(Path, OnlyTheRecipientMayBePostmaster) {
    for (const std::string_view name : {"postmaster", "Postmaster", "POSTMASTER"}) {
        EXPECT_EQ(parsed("<" + std::string(name) + ">", PathKind::forward), std::string(name) + "|");
        EXPECT_EQ(parsed("<" + std::string(name) + ">", PathKind::reverse), "address error");
    }
    EXPECT_EQ(parsed("<postmasters>", PathKind::forward), "address error");
}

TEST(Path, OnlyOursMayLackTheirDomain) {
    constexpr std::pair<std::string_view, std::string_view> cases[] = {
        {"<root>", "root|"},
        {"root", "root|"},
        {"root SIZE=1", "root|SIZE=1"},
        {"<a.b.>", "a.b.|"},
        {R"(<"a b">)", R"("a b"|)"},
        {"<root@example.org.>", "root@example.org|"},
        {"<a b>", "address error"},
        {"<root@>", "address error"},
        {"<@x.example>", "address error"},
        {"<a>b>", "syntax error"},
    };
    for (const auto& [text, wanted] : cases) {
        EXPECT_EQ(parsed(text, PathKind::forward, {}, Domain::optional), wanted) << text;
        EXPECT_EQ(parsed(text, PathKind::reverse, {}, Domain::optional), wanted) << text;
    }
    for (const std::string_view text : {"<root>", "root", "<abuse>", R"(<"a b">)"}) {
        EXPECT_EQ(parsed(text, PathKind::forward), "address error") << text;
        EXPECT_EQ(parsed(text, PathKind::reverse), "address error") << text;
    }
    const Limits limits{.local_part_octets_max = 20};
    EXPECT_NE(parsed("<" + std::string(20, 'l') + ">", PathKind::forward, limits, Domain::optional),
              "address error");
    EXPECT_EQ(parsed("<" + std::string(21, 'l') + ">", PathKind::forward, limits, Domain::optional),
              "address error");
}

TEST(Path, BoundsItsPartsOnBothSides) {
    const auto address = [](std::size_t local, std::size_t domain) {
        std::string text = "<" + std::string(local, 'l') + "@";
        while (domain > 60) {
            text += std::string(59, 'd') + ".";
            domain -= 60;
        }
        return text + std::string(domain, 'd') + ">";
    };
    const Limits limits{.local_part_octets_max = 20, .domain_octets_max = 100, .path_octets_max = 110};
    EXPECT_NE(parsed(address(20, 89), PathKind::forward, limits), "address error");
    EXPECT_EQ(parsed(address(21, 50), PathKind::forward, limits), "address error");
    EXPECT_NE(parsed(address(5, 100), PathKind::forward, limits), "address error");
    EXPECT_EQ(parsed(address(5, 101), PathKind::forward, limits), "address error");
    // The dot behind a domain does not count towards its length.
    std::string dotted = address(5, 100);
    dotted.insert(dotted.size() - 1, ".");
    EXPECT_NE(parsed(dotted, PathKind::forward, limits), "address error");
    EXPECT_NE(parsed(address(9, 100), PathKind::reverse, limits), "address error");
    EXPECT_EQ(parsed(address(10, 100), PathKind::reverse, limits), "address error");
    const std::string label(63, 'd');  // label_octets_max
    EXPECT_EQ(parsed("<a@" + label + ".example>", PathKind::forward), "a@" + label + ".example|");
    EXPECT_EQ(parsed("<a@" + label + "d.example>", PathKind::forward), "address error");
    EXPECT_NE(parsed("<a@" + label + "\xc3\xbc>", PathKind::forward), "address error")
        << "in UTF-8 it may be shorter than it looks";
}

}  // namespace
}  // namespace sluice::smtp
