// Whole sessions: command lines, pipelining, DATA and BDAT. Cutting the input differently changes nothing,
// and the output is fit for an MTA.
#include <algorithm>
#include <string>

#include "base/ascii.hpp"
#include "fuzz/content_model.hpp"
#include "fuzz/cuts.hpp"
#include "fuzz/expect.hpp"
#include "smtp/server.hpp"
#include "smtp/testing/server_script.hpp"

namespace {

using namespace sluice;
using smtp::script::Play;

smtp::script::Answers answers_for(unsigned choice) {
    smtp::script::Answers answers;
    if ((choice & 0x10U) != 0) answers.message = {451, "4.3.0 Later"};
    if ((choice & 0x20U) != 0) answers.data = {451, "4.3.0 Later"};
    if ((choice & 0x40U) != 0) answers.rcpt = {421, "4.3.2 Closing"};
    if ((choice & 0x80U) != 0) answers.greeting = {554, "No service"};
    return answers;
}

/// Replies are whole lines of printable octets, and no step carries a line end into text from which a command
/// is built.
void check_output(const Play& play) {
    FUZZ_EXPECT(play.replies.ends_with("\r\n"));
    FUZZ_EXPECT(!fuzz::has_bare_newline(play.replies));
    for (const std::string& entry : play.log) {
        const bool to_the_mta = entry.starts_with("mail ") || entry.starts_with("rcpt ") ||
                                entry.starts_with("helo ") || entry.starts_with("ehlo ") ||
                                entry.starts_with("identity ") || entry.starts_with("auth ") ||
                                entry.starts_with("response ");
        if (to_the_mta) FUZZ_EXPECT(std::ranges::none_of(entry, ascii::is_control));
        if (!entry.starts_with("message ")) continue;
        // The envelope contains no line end, so the first ": " after " to " begins the content.
        const std::size_t to = entry.rfind(" to ", entry.find('\r'));
        FUZZ_EXPECT(to != std::string::npos);
        FUZZ_EXPECT(fuzz::is_safe_wire(std::string_view(entry).substr(entry.find(": ", to) + 2)));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    std::string_view input = fuzz::as_text(octets, size);
    const unsigned choice = fuzz::take_octet(input);
    const unsigned seed = fuzz::take_octet(input);
    smtp::ServerOptions options{.hostname = "mx"};
    options.bare_newlines = (choice & 1U) != 0 ? smtp::BareNewlines::normalise : smtp::BareNewlines::refuse;
    options.accept_xclient = (choice & 2U) != 0;
    if ((choice & 4U) != 0) {
        options.limits = {.command_line_octets_max = 64,
                          .recipients_max = 3,
                          .message_octets_max = 64,
                          .text_line_octets_max = 32,
                          .errors_max = 4,
                          .junk_commands_max = 6,
                          .transactions_max = 4};
    }
    smtp::Offer offer = smtp::Offer::everything().add(smtp::Extension::xclient);
    if ((choice & 8U) != 0) offer.remove(smtp::Extension::smtputf8).remove(smtp::Extension::chunking);

    if ((seed & 1U) != 0) options.auth = smtp::ServerOptions::Auth::anywhere;
    const auto answers = answers_for(choice);
    smtp::script::Script at_once(options, offer, answers, "PLAIN LOGIN");
    at_once.feed(input);
    const Play& whole = at_once.play();
    check_output(whole);

    smtp::script::Script script(options, offer, answers, "PLAIN LOGIN");
    script.feed({});
    for (const std::string_view part : fuzz::cut(input, seed))
        script.feed(part);
    FUZZ_EXPECT(script.play() == whole);
    return 0;
}
