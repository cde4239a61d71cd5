// The configuration file. Checked: any content is either accepted, or rejected with an error that names a
// place in it, one line each; accepted content can be completed, or is contradictory and says so.
#include <algorithm>
#include <string>

#include "app/config/config.hpp"
#include "base/ascii.hpp"
#include "fuzz/cuts.hpp"
#include "fuzz/expect.hpp"

using namespace sluice;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    const std::string_view text = fuzz::as_text(octets, size);
    const auto config = app::parse_config(text, "fuzz.toml");
    if (config) {
        const auto finished = app::finish_config(*config);
        if (!finished) FUZZ_EXPECT(!finished.error().empty());
        return 0;
    }
    FUZZ_EXPECT(!config.error().empty());
    for (const app::ConfigError& error : config.error()) {
        FUZZ_EXPECT(error.line > 0 && error.column > 0);
        FUZZ_EXPECT(!error.text.empty() && error.text.find('\n') == std::string::npos);
        FUZZ_EXPECT(error.to_string().starts_with("fuzz.toml:"));
    }
    return 0;
}
