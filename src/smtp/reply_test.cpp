#include "smtp/reply.hpp"

#include <gtest/gtest.h>
#include <string>

namespace sluice::smtp {
namespace {

TEST(EnhancedCode, IsTheCodeALineBeginsWith) {
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"5.1.1 User unknown", "5.1.1"},
        {"2.0.0", "2.0.0"},
        {"4.123.456 x", "4.123.456"},
        {"", ""},
        {"5", ""},
        {"5.1", ""},
        {"5.1.", ""},
        {"5..1 x", ""},
        {"3.1.1 x", ""},
        {"5.1.1x", ""},
        {"5.1.1.1 x", ""},
        {"5.1234.1 x", ""},
        {"5.1.1234 x", ""},
        {" 5.1.1 x", ""},
        {"Ok", ""},
    };
    for (const auto& [line, code] : cases)
        EXPECT_EQ(enhanced_code(line), code) << line;
}

std::string wire(const Reply& reply, bool enhanced = true) {
    std::string out;
    append_wire(reply, enhanced, out);
    return out;
}

TEST(AppendWire, WritesEachLineWithItsCode) {
    EXPECT_EQ(wire({250, "2.1.0 Ok"}), "250 2.1.0 Ok\r\n");
    EXPECT_EQ(wire({250, "2.1.0 Ok"}, false), "250 Ok\r\n");
    EXPECT_EQ(wire({250, "a\nb\nc"}), "250-a\r\n250-b\r\n250 c\r\n");
    EXPECT_EQ(wire({550, "5.1.1 No\n5.1.1 such user"}, false), "550-No\r\n550 such user\r\n");
    EXPECT_EQ(wire({250, ""}), "250 \r\n");
    EXPECT_EQ(wire({354, "End data with <CR><LF>.<CR><LF>"}, false),
              "354 End data with <CR><LF>.<CR><LF>\r\n");
    EXPECT_EQ(wire({}), "");
}

TEST(AppendWire, AppendsAndNeverEndsEarly) {
    std::string out = "before";
    append_wire({250, std::string("a\rb\0c\x7f\td", 8)}, true, out);
    EXPECT_EQ(out, "before250 a?b?c?\td\r\n");
}

TEST(AppendWire, CutsLinesAt512Octets) {
    const std::string fits(506, 'x');  // text_octets_max
    EXPECT_EQ(wire({250, fits}), "250 " + fits + "\r\n");
    EXPECT_EQ(wire({250, fits + "y"}), "250 " + fits + "\r\n");
    EXPECT_EQ(wire({250, fits + "y\nz"}), "250-" + fits + "\r\n250 z\r\n");
}

}  // namespace
}  // namespace sluice::smtp
