// Records and messages as a name server sends them. Checked: malformed data adds nothing; names and texts are
// no longer than the record they came from; a TLSA record returns its octets; a message cut off before its
// counts is no referral.
#include <array>
#include <span>
#include <string>

#include "fuzz/cuts.hpp"
#include "fuzz/expect.hpp"
#include "net/dns_record.hpp"
#include "net/tls_client.hpp"

using namespace sluice;
using net::DnsType;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    std::string_view data = fuzz::as_text(octets, size);
    constexpr std::size_t header_octets = 12;
    FUZZ_EXPECT(!net::is_referral({octets, size}) || size > header_octets);
    static constexpr std::array types{DnsType::a, DnsType::aaaa, DnsType::ptr, DnsType::txt, DnsType::tlsa};
    const DnsType type = types.at(fuzz::take_octet(data) % types.size());
    net::DnsAnswer answer;
    const bool taken =
        net::add_record(answer, type, {reinterpret_cast<const unsigned char*>(data.data()), data.size()});
    FUZZ_EXPECT(answer.addresses.size() + answer.texts.size() + answer.records.size() == (taken ? 1U : 0U));
    for (const std::string& text : answer.texts)
        FUZZ_EXPECT(text.size() <= data.size());
    for (const std::string& record : answer.records) {
        net::TlsaRecord tlsa;
        if (!net::TlsaRecord::parse(record, tlsa)) continue;
        FUZZ_EXPECT(record.substr(3) == tlsa.data && static_cast<char>(tlsa.usage) == record[0]);
    }
    return 0;
}
