// The boundary between plaintext and TLS. Checked: what came before the handshake has no effect after it (RFC
// 3207 4.2, CVE-2011-0411), wherever the segments end: the session continues as a new one would.
#include <algorithm>
#include <string>
#include <vector>

#include "fuzz/cuts.hpp"
#include "fuzz/expect.hpp"
#include "smtp/server.hpp"
#include "smtp/testing/server_script.hpp"

namespace {

using namespace sluice;
using smtp::script::Script;

std::vector<std::string> entries_from(const Script& script, std::size_t first) {
    const auto& log = script.play().log;
    return {log.begin() + static_cast<std::ptrdiff_t>(first), log.end()};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    std::string_view input = fuzz::as_text(octets, size);
    const unsigned seed = fuzz::take_octet(input);
    smtp::ServerOptions options{.hostname = "mx"};
    options.starttls = true;
    // Error counts continue under TLS; the limits are raised because this test is not about them.
    options.limits.errors_max = options.limits.junk_commands_max = options.limits.transactions_max =
        1'000'000;
    const smtp::Offer offer = smtp::Offer::everything();

    const auto parts = fuzz::cut(input, seed);
    auto next = parts.begin();
    Script session(options, offer, {});
    session.feed({});
    const auto encrypted = [&] { return session.server().secure(); };
    while (next != parts.end() && !encrypted())
        session.feed(*next++);
    if (!encrypted()) return 0;

    Script fresh(options, offer, {});
    fresh.feed({});
    fresh.server().tls_started();
    const std::size_t session_from = session.play().log.size();
    const std::size_t fresh_from = fresh.play().log.size();
    for (; next != parts.end(); ++next) {
        session.feed(*next);
        fresh.feed(*next);
    }
    FUZZ_EXPECT(entries_from(session, session_from) == entries_from(fresh, fresh_from));
    return 0;
}
