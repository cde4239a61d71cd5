// Content sent in BDAT chunks through the whole state machine, against the model.
#include <algorithm>
#include <fmt/format.h>
#include <string>
#include <vector>

#include "fuzz/content_model.hpp"
#include "fuzz/cuts.hpp"
#include "fuzz/expect.hpp"
#include "smtp/server.hpp"
#include "smtp/testing/server_script.hpp"

namespace {

using namespace sluice;
using smtp::BareNewlines;

void check(std::string_view content, BareNewlines mode, unsigned chunk_seed, unsigned cut_seed) {
    const smtp::ServerOptions options{.hostname = "mx", .bare_newlines = mode};
    const smtp::Offer offer = smtp::Offer::everything();
    std::string session = "EHLO c\r\nMAIL FROM:<s@a>\r\nRCPT TO:<r@b>\r\n";
    const std::vector<std::string_view> chunks = fuzz::cut(content, chunk_seed);
    for (const std::string_view chunk : chunks)
        session += fmt::format("BDAT {}\r\n{}", chunk.size(), chunk);
    session += "BDAT 0 LAST\r\nQUIT\r\n";

    smtp::script::Script script(options, offer);
    for (const std::string_view part : fuzz::cut(session, cut_seed))
        script.feed(part);
    const std::vector<std::string>& log = script.play().log;
    const std::vector<int>& codes = script.play().codes;

    // The greeting, EHLO, MAIL, RCPT, a reply for each BDAT, QUIT: no octet of content was read as a command.
    FUZZ_EXPECT(codes.size() == 4 + chunks.size() + 1 + 1 || codes.back() == 421);
    FUZZ_EXPECT(script.play().closed);
    const auto message =
        std::ranges::find_if(log, [](const std::string& e) { return e.starts_with("message "); });
    if (mode == BareNewlines::refuse && fuzz::has_bare_newline(content)) {
        FUZZ_EXPECT(message == log.end());
        return;
    }
    const std::string wire = fuzz::with_final_crlf(fuzz::stuffed(fuzz::normalised(content)));
    FUZZ_EXPECT(message != log.end());
    FUZZ_EXPECT(*message == "message s@a| to 1: " + wire);
    FUZZ_EXPECT(fuzz::is_safe_wire(wire));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    std::string_view content = fuzz::as_text(octets, size);
    const unsigned chunk_seed = fuzz::take_octet(content);
    const unsigned cut_seed = fuzz::take_octet(content);
    check(content, BareNewlines::refuse, chunk_seed, cut_seed);
    check(content, BareNewlines::normalise, chunk_seed, cut_seed);
    return 0;
}
