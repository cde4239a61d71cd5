// PROXY headers of both versions. Checked: a header is decided by its own octets alone, whatever follows and
// however much of it is there; the bound is kept; what is decoded can be written and read again.
#include <string>

#include "fuzz/cuts.hpp"
#include "fuzz/expect.hpp"
#include "wire/proxy_protocol.hpp"

namespace {

using namespace sluice::wire;
using Status = ProxyDecoded::Status;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    const std::string_view received = sluice::fuzz::as_text(octets, size);
    const ProxyDecoded whole = decode_proxy_header(received);
    if (whole.status == Status::more) FUZZ_EXPECT(received.size() < proxy_header_octets_max);
    if (whole.status != Status::done) return 0;

    FUZZ_EXPECT(whole.octets <= received.size() && whole.octets <= proxy_header_octets_max);
    FUZZ_EXPECT(decode_proxy_header(received.substr(0, whole.octets)) == whole);
    for (std::size_t part = 0; part < whole.octets; ++part)
        FUZZ_EXPECT(decode_proxy_header(received.substr(0, part)).status == Status::more);
    if (whole.addresses) {
        const std::string header = proxy_v2_header(*whole.addresses);
        FUZZ_EXPECT(decode_proxy_header(header) ==
                    (ProxyDecoded{Status::done, header.size(), whole.addresses}));
    }
    return 0;
}
