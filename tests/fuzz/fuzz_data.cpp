// The DATA codec against the model: both find the same end and the same content, however the input is cut.
#include <string>

#include "fuzz/content_model.hpp"
#include "fuzz/cuts.hpp"
#include "fuzz/expect.hpp"
#include "smtp/data_codec.hpp"

namespace {

using namespace sluice;
using smtp::BareNewlines;
using smtp::DataDecoder;

void check(std::string_view input, BareNewlines mode, unsigned seed) {
    DataDecoder decoder(DataDecoder::Framing::dot, mode, 0);
    std::string wire;
    std::string rest;
    bool ended = false;
    for (std::string_view part : fuzz::cut(input, seed)) {
        for (bool more = false; !ended && !more;) {
            switch (decoder.next(part)) {
                case DataDecoder::Result::run:
                    FUZZ_EXPECT(!decoder.run().empty());
                    wire += decoder.run();
                    break;
                case DataDecoder::Result::more:
                    FUZZ_EXPECT(part.empty());
                    more = true;
                    break;
                case DataDecoder::Result::end: ended = true; break;
            }
        }
        rest += part;
    }
    const std::size_t end = fuzz::end_of_data(input);
    FUZZ_EXPECT(ended == (end != std::string::npos));
    if (!ended) return;
    const std::string_view content = input.substr(0, end - 3);
    const bool bare = fuzz::has_bare_newline(content);
    FUZZ_EXPECT(rest == input.substr(end));
    FUZZ_EXPECT(decoder.bare_newline_seen() == bare);
    if (bare && mode == BareNewlines::refuse) return;

    const std::string meant = fuzz::normalised(fuzz::unstuffed(content));
    FUZZ_EXPECT(wire == fuzz::stuffed(meant));
    FUZZ_EXPECT(decoder.octets() == meant.size());
    FUZZ_EXPECT(fuzz::is_safe_wire(wire));

    std::string delivered;
    bool line_start = true;
    for (const std::string_view part : fuzz::cut(wire, seed + 1))
        smtp::append_unstuffed(part, line_start, delivered);
    FUZZ_EXPECT(delivered == meant);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    std::string_view input = fuzz::as_text(octets, size);
    const unsigned seed = fuzz::take_octet(input);
    check(input, BareNewlines::refuse, seed);
    check(input, BareNewlines::normalise, seed);
    return 0;
}
