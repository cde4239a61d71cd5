// The XCLIENT command and the xtext in it, built from whatever a client says of itself. Checked: nothing a
// client says can add a line or an attribute, or hide one, for a peer that splits words as Postfix does; the
// line and its values keep their bounds; the address is the first attribute; and xtext is read back as it was
// written.
#include <algorithm>
#include <optional>
#include <ranges>
#include <string>
#include <vector>

#include "base/xtext.hpp"
#include "fuzz/cuts.hpp"
#include "fuzz/expect.hpp"
#include "smtp/command_words.hpp"
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

void check_line(std::string_view line, std::string_view helo) {
    FUZZ_EXPECT(line.size() <= wire::xclient_line_octets_max);
    FUZZ_EXPECT(line.ends_with("\r\n"));
    line.remove_suffix(2);
    const std::vector<std::string_view> words = smtp::command_words(line);
    FUZZ_EXPECT(words.size() == static_cast<std::size_t>(std::ranges::count(line, ' ')) + 1);
    FUZZ_EXPECT(words[0] == "XCLIENT" && words[1].starts_with("ADDR="));
    for (std::string_view value : words | std::views::drop(1)) {
        const std::string_view attribute = cut_word(value, '=');
        FUZZ_EXPECT(!value.empty() && value.size() <= wire::xclient_value_octets_max);
        FUZZ_EXPECT(is_xtext(value));
        if (attribute == "HELO" && !helo.empty()) {
            const std::optional<std::string> decoded = xtext_decode(value);
            FUZZ_EXPECT(decoded && helo.starts_with(*decoded));
        }
    }
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

    const IpAddress address = IpAddress::parse(address_text).value_or(IpAddress());
    const wire::XclientIdentity identity{.address = address,
                                         .helo = rest,
                                         .esmtp = esmtp,
                                         .port = static_cast<std::uint16_t>(size),
                                         .name = {.name = name, .absent = esmtp},
                                         .reverse_name = {.name = name, .absent = !esmtp},
                                         .destination = address,
                                         .destination_port = static_cast<std::uint16_t>(size / 2)};
    const XclientAttributes attributes = XclientAttributes::parse(listed);
    const std::string line = wire::xclient_line(attributes, identity);
    FUZZ_EXPECT(line.empty() != attributes.has(XclientAttributes::addr));
    if (!line.empty()) check_line(line, rest);
    return 0;
}
