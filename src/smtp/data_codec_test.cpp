#include "smtp/data_codec.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "smtp/scan.hpp"

namespace sluice::smtp {
namespace {

using namespace std::string_view_literals;
using Framing = DataDecoder::Framing;
using Result = DataDecoder::Result;

struct Decoded {
    std::string wire;
    std::string rest;  // the octets behind the end
    bool ended = false;
    bool bare = false;
    bool long_line = false;
    std::uint64_t octets = 0;

    bool operator==(const Decoded&) const = default;
};

void PrintTo(const Decoded& d, std::ostream* out) {
    *out << testing::PrintToString(d.wire) << " rest " << testing::PrintToString(d.rest) << " ended "
         << d.ended << " bare " << d.bare << " long " << d.long_line << " octets " << d.octets;
}

Decoded decode(Framing framing, BareNewlines mode, const std::vector<std::string_view>& parts,
               std::uint64_t line_max = 0) {
    DataDecoder decoder(framing, mode, line_max);
    Decoded decoded;
    for (std::string_view part : parts) {
        while (!decoded.ended) {
            const Result result = decoder.next(part);
            if (result == Result::run) {
                EXPECT_FALSE(decoder.run().empty());
                decoded.wire += decoder.run();
            }
            if (result == Result::end) decoded.ended = true;
            if (result == Result::more) {
                EXPECT_TRUE(part.empty());
                break;
            }
        }
        decoded.rest += part;
    }
    if (framing == Framing::counted) decoded.wire += decoder.finish();
    decoded.bare = decoder.bare_newline_seen();
    decoded.long_line = decoder.line_too_long();
    decoded.octets = decoder.octets();
    return decoded;
}

/// Decodes `input` whole, split in two at every octet, in three at every pair (short inputs), and octet by
/// octet; expects the same result each time.
Decoded decode_all_ways(Framing framing, BareNewlines mode, std::string_view input,
                        std::uint64_t line_max = 0) {
    const Decoded whole = decode(framing, mode, {input}, line_max);
    std::vector<std::string_view> single;
    for (std::size_t i = 0; i <= input.size(); ++i) {
        if (i < input.size()) single.push_back(input.substr(i, 1));
        EXPECT_EQ(decode(framing, mode, {input.substr(0, i), input.substr(i)}, line_max), whole);
        for (std::size_t j = i; input.size() < 40 && j <= input.size(); ++j) {
            const std::vector parts = {input.substr(0, i), input.substr(i, j - i), input.substr(j)};
            EXPECT_EQ(decode(framing, mode, parts, line_max), whole);
        }
    }
    EXPECT_EQ(decode(framing, mode, single, line_max), whole);
    return whole;
}

struct CanonicalCase {
    std::string_view input;
    std::string_view wire;
    std::string_view rest;
    std::uint64_t octets;
};

TEST(DataDecoder, FindsTheEndAndRestuffsDots) {
    const CanonicalCase cases[] = {
        {".\r\n", "", "", 0},  // the CRLF of the DATA command counts as the first
        {".\r\nQUIT\r\n", "", "QUIT\r\n", 0},
        {"a\r\n.\r\n", "a\r\n", "", 3},
        {"a\r\n.\r\nMAIL", "a\r\n", "MAIL", 3},
        {"\r\n.\r\n", "\r\n", "", 2},
        {"..\r\n.\r\n", "..\r\n", "", 3},  // a line that consists of a dot
        {"..a\r\n...\r\n.\r\n", "..a\r\n...\r\n", "", 8},
        {".a\r\n.\r\n", "a\r\n", "", 3},  // an unstuffed dot is dropped (RFC 5321 4.5.2)
        {". \r\n.\r\n", " \r\n", "", 3},
        {"a.\r\n.\r\n", "a.\r\n", "", 4},
        {"a\r\n..\r\n.\r\nX", "a\r\n..\r\n", "X", 6},
        {"\xff\x80\x01\t\r\n.\r\n", "\xff\x80\x01\t\r\n", "", 6},
    };
    for (const CanonicalCase& c : cases) {
        for (const BareNewlines mode : {BareNewlines::refuse, BareNewlines::normalise}) {
            const Decoded expected{std::string(c.wire), std::string(c.rest), true, false, false, c.octets};
            EXPECT_EQ(decode_all_ways(Framing::dot, mode, c.input), expected)
                << testing::PrintToString(c.input);
        }
    }
}

// Each input tries to make one message look like two. There is only one end, the last one, and a message with
// a bare newline is marked.
struct SmugglingCase {
    std::string_view input;       // after it comes "b" CRLF "." CRLF
    std::string_view normalised;  // wire form, to which "b" CRLF is added
};

TEST(DataDecoder, NothingButCrlfDotCrlfEndsData) {
    const SmugglingCase cases[] = {
        {"a\n.\n", "a\r\n..\r\n"},
        {"a\n.\r\n", "a\r\n..\r\n"},
        {"a\r\n.\n", "a\r\n\r\n"},
        {"a\r.\r", "a\r\n..\r\n"},
        {"a\r.\r\n", "a\r\n..\r\n"},
        {"a\r\n.\r", "a\r\n\r\n"},
        {"a\r\n.\r\r\n", "a\r\n\r\n\r\n"},
        {"a\r\r\n.\n", "a\r\n\r\n\r\n"},
        {"a\r\n\r.\r\n", "a\r\n\r\n..\r\n"},
        {"a\n\r.\n\r", "a\r\n\r\n..\r\n\r\n"},
        {"a\r\n\n.\r\n", "a\r\n\r\n..\r\n"},
        {"a\r\n\0.\r\n"sv, "a\r\n..\r\n"},
        {"a\r\n.\0\r\n"sv, "a\r\n\r\n"},
        {"a\r\n.\0.\r\n"sv, "a\r\n..\r\n"},
        {"a\r\n.\r\0\n"sv, "a\r\n\r\n\r\n"},
        {"a\r\0\n.\r\n"sv, "a\r\n\r\n..\r\n"},
        {"a\0\r\n.\0.\r\n"sv, "a\r\n..\r\n"},
        {"a\r\n\0\0.\r\n"sv, "a\r\n..\r\n"},
        {".\n", "\r\n"},
        {".\r\r\n", "\r\n\r\n"},
        {"\0.\r\n"sv, "..\r\n"},
        {"\n.\r\n", "\r\n..\r\n"},
        {"\r.\r\n", "\r\n..\r\n"},
    };
    for (const SmugglingCase& c : cases) {
        const std::string input = std::string(c.input) + "b\r\n.\r\nrest";
        const Decoded refused = decode_all_ways(Framing::dot, BareNewlines::refuse, input);
        EXPECT_TRUE(refused.ended && refused.bare) << testing::PrintToString(c.input);
        EXPECT_EQ(refused.rest, "rest") << testing::PrintToString(c.input);

        const Decoded normalised = decode_all_ways(Framing::dot, BareNewlines::normalise, input);
        EXPECT_TRUE(normalised.ended && normalised.bare) << testing::PrintToString(c.input);
        EXPECT_EQ(normalised.rest, "rest") << testing::PrintToString(c.input);
        EXPECT_EQ(normalised.wire, std::string(c.normalised) + "b\r\n") << testing::PrintToString(c.input);
    }
}

TEST(DataDecoder, EndsWhereTheSenderEndedEvenBehindBareNewlines) {
    const Decoded refused = decode_all_ways(Framing::dot, BareNewlines::refuse, "a\r\r\n.\r\nrest");
    EXPECT_TRUE(refused.ended && refused.bare);
    EXPECT_EQ(refused.rest, "rest");
    const Decoded normalised = decode_all_ways(Framing::dot, BareNewlines::normalise, "a\nb\r\n.\r\nrest");
    EXPECT_EQ(normalised, (Decoded{"a\r\nb\r\n", "rest", true, true, false, 6}));
}

struct CountedCase {
    std::string_view input;
    std::string_view normalised;
    bool bare;
    std::uint64_t octets;
};

TEST(DataDecoder, StuffsTheDotsOfCountedContent) {
    const CountedCase cases[] = {
        {"", "", false, 0},
        {"a", "a\r\n", false, 1},
        {"a\r\n", "a\r\n", false, 3},
        {".", "..\r\n", false, 1},
        {".\r\n", "..\r\n", false, 3},
        {"a\r\n.\r\nb", "a\r\n..\r\nb\r\n", false, 7},
        {"..\r\n..a\r\n", "...\r\n...a\r\n", false, 9},
        {"a\n.\r\n", "a\r\n..\r\n", true, 6},
        {"a\r", "a\r\n", true, 1},
        {"a\r.\r", "a\r\n..\r\n", true, 4},
        {"\0.\r\n"sv, "..\r\n", true, 3},
        {"\r\n", "\r\n", false, 2},
    };
    for (const CountedCase& c : cases) {
        EXPECT_EQ(decode_all_ways(Framing::counted, BareNewlines::normalise, c.input),
                  (Decoded{std::string(c.normalised), "", false, c.bare, false, c.octets}))
            << testing::PrintToString(c.input);
        const Decoded refused = decode_all_ways(Framing::counted, BareNewlines::refuse, c.input);
        EXPECT_EQ(refused.bare, c.bare) << testing::PrintToString(c.input);
        if (!c.bare) {
            EXPECT_EQ(refused.wire, c.normalised);
        }
    }
}

TEST(DataDecoder, CanonicalContentComesOutAsViewsIntoTheInput) {
    std::string content;
    for (int line = 0; line < 50; ++line)
        content += "..A line of seventy octets or so, as mail has them.\r\n";
    const std::string input = content + ".\r\n";
    DataDecoder decoder(Framing::dot, BareNewlines::refuse, 0);
    std::string_view rest = input;
    ASSERT_EQ(decoder.next(rest), Result::run);
    EXPECT_EQ(decoder.run().data(), input.data());
    EXPECT_EQ(decoder.run().size(), content.size());
    EXPECT_EQ(decoder.next(rest), Result::end);
    EXPECT_EQ(decoder.octets(), content.size() - 50);
}

TEST(DataDecoder, BoundsTheLineOnBothSides) {
    const std::pair<std::string_view, bool> cases[] = {
        {"12345678\r\n", false},  {"123456789\r\n", true},  {"12345678\r\n12345678\r\n", false},
        {"..2345678\r\n", false}, {"..23456789\r\n", true}, {".12345678\r\n", false},
        {"1234567890", true},
    };
    for (const auto& [content, long_line] : cases) {
        const std::string input = std::string(content) + (content.ends_with('\n') ? ".\r\n" : "1\r\n.\r\n");
        EXPECT_EQ(decode_all_ways(Framing::dot, BareNewlines::refuse, input, 10).long_line, long_line)
            << content;
    }
    EXPECT_FALSE(decode_all_ways(Framing::counted, BareNewlines::refuse, ".2345678\r\n", 10).long_line);
    EXPECT_TRUE(decode_all_ways(Framing::counted, BareNewlines::refuse, ".23456789\r\n", 10).long_line);
    EXPECT_FALSE(decode(Framing::dot, BareNewlines::refuse, {std::string(100'000, 'x')}).long_line);
}

TEST(AppendUnstuffed, UndoesTheStuffingInAnySplit) {
    const std::string_view wire = "..a\r\n...\r\nb.\r\n.\r\n..\r\n.c";
    for (std::size_t i = 0; i <= wire.size(); ++i) {
        for (std::size_t j = i; j <= wire.size(); ++j) {
            std::string out;
            bool line_start = true;
            append_unstuffed(wire.substr(0, i), line_start, out);
            append_unstuffed(wire.substr(i, j - i), line_start, out);
            append_unstuffed(wire.substr(j), line_start, out);
            EXPECT_EQ(out, ".a\r\n..\r\nb.\r\n\r\n.\r\nc");
        }
    }
}

TEST(CleanPrefix, SaysTheSameInBlocksAsOctetByOctet) {
    // Every pair and triple of the special octets, at every offset from a block's edge.
    const std::string_view special = "\r\n.\0x"sv;
    for (const char a : special) {
        for (const char b : special) {
            for (const char c : special) {
                for (std::size_t before = 0; before < 34; ++before) {
                    std::string text(before, 'y');
                    text += {a, b, c};
                    for (const std::size_t after : {0U, 1U, 20U}) {
                        const std::string whole = text + std::string(after, 'z');
                        EXPECT_EQ(clean_prefix(whole), clean_prefix_portable(whole))
                            << testing::PrintToString(whole);
                    }
                }
            }
        }
    }
}

TEST(CleanPrefix, StopsAtWhatIsInDoubt) {
    const std::pair<std::string_view, std::size_t> cases[] = {
        {"", 0},           {"abc", 3},     {"a\r\nb", 4},   {"a\r", 1}, {"a\rb", 1},
        {"a\nb", 1},       {"a\0b"sv, 1},  {"a\r\n.b", 3},  {".a", 2},  {"a\r\n", 3},
        {"\t\x0b\x0c", 3}, {"a\r\r\n", 1}, {"\r\n\r\n", 4},
    };
    for (const auto& [text, expected] : cases) {
        EXPECT_EQ(clean_prefix(text), expected) << testing::PrintToString(text);
    }
}

}  // namespace
}  // namespace sluice::smtp
