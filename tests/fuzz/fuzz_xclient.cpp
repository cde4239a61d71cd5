// XCLIENT commands and the xtext in them, from whatever a client says of itself. Held to: nothing a client
// says can add a line or an attribute; lines and values keep their bounds; the address is in the last line;
// and xtext is read back as what was written.
#include <algorithm>
#include <optional>
#include <string>

#include "base/xtext.hpp"
#include "fuzz/cuts.hpp"
#include "fuzz/expect.hpp"
#include "wire/xclient.hpp"

namespace {

using namespace sluice;
using wire::XclientAttributes;

std::string_view cut_word(std::string_view& text, char separator) {
    const std::size_t at = std::min(text.find(separator), text.size());
    const std::string_view word = text.substr(0, at);
    text.remove_prefix(std::min(at + 1, text.size()));
    return word;
}

void check_line(std::string_view line, std::string_view helo, bool last) {
    FUZZ_EXPECT(line.size() + 1 <= wire::xclient_line_octets_max);
    FUZZ_EXPECT(line.ends_with('\r'));
    line.remove_suffix(1);
    FUZZ_EXPECT(cut_word(line, ' ') == "XCLIENT");
    FUZZ_EXPECT(!line.empty());
    bool address_seen = false;
    while (!line.empty()) {
        std::string_view value = cut_word(line, ' ');
        const std::string_view attribute = cut_word(value, '=');
        FUZZ_EXPECT(!value.empty() && value.size() <= wire::xclient_value_octets_max);
        FUZZ_EXPECT(is_xtext(value));
        address_seen |= attribute == "ADDR";
        if (attribute == "HELO" && !helo.empty()) {
            const std::optional<std::string> decoded = xtext_decode(value);
            FUZZ_EXPECT(decoded && helo.starts_with(*decoded));
        }
    }
    FUZZ_EXPECT(address_seen == last);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    std::string_view rest = fuzz::as_text(octets, size);
    const bool esmtp = fuzz::take_octet(rest) % 2 == 1;
    std::string_view given = rest;
    const std::string_view listed = cut_word(rest, '\n');
    const std::string_view address_text = cut_word(rest, '\n');
    const std::string_view name = cut_word(rest, '\n');

    FUZZ_EXPECT(xtext_decode(xtext_encode(given)) == given);
    const std::optional<std::string> decoded = xtext_decode(given);
    FUZZ_EXPECT(decoded.has_value() == is_xtext(given));
    if (decoded) FUZZ_EXPECT(xtext_decode(xtext_encode(*decoded)) == decoded);

    const wire::XclientIdentity identity{IpAddress::parse(address_text).value_or(IpAddress()), name, rest,
                                         esmtp};
    const XclientAttributes attributes = XclientAttributes::parse(listed);
    const std::string lines = wire::xclient_lines(attributes, identity);
    FUZZ_EXPECT(lines.empty() != attributes.has(XclientAttributes::addr));
    std::string_view left = lines;
    while (!left.empty()) {
        const std::string_view line = cut_word(left, '\n');
        check_line(line, rest, left.empty());
    }
    return 0;
}
