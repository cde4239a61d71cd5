#include "relay/scrub.hpp"

#include <array>
#include <gtest/gtest.h>

namespace sluice::relay {
namespace {

struct ScrubCase {
    std::string_view text;
    std::string_view scrubbed;
};

class Scrubbed : public testing::TestWithParam<ScrubCase> {};

TEST_P(Scrubbed, Replies) {
    static constexpr std::array<std::string_view, 3> hosts{"mx1.internal.example", "localhost",
                                                           "MX2.internal"};
    const Scrubbing scrubbing{hosts, "mail.example.org", IpAddress::parse("203.0.113.5")};
    EXPECT_EQ(scrub(GetParam().text, scrubbing), GetParam().scrubbed);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Scrubbed,
    testing::Values(ScrubCase{"2.0.0 Ok: queued as 4XyZ1T2abc", "2.0.0 Ok: queued as 4XyZ1T2abc"},
                    ScrubCase{"", ""}, ScrubCase{"mx1.internal.example Error", "mail.example.org Error"},
                    ScrubCase{"4.3.0 Mx2.Internal: busy.", "4.3.0 mail.example.org: busy."},
                    ScrubCase{"at mx1.internal.example.", "at mail.example.org."},
                    // A longer name is another name; a plain word is a word.
                    ScrubCase{"a.mx1.internal.example mx1.internal.example.org",
                              "a.mx1.internal.example mx1.internal.example.org"},
                    ScrubCase{"localhost is busy", "localhost is busy"},
                    ScrubCase{"5.1.1 <u@mx2.internal>: unknown", "5.1.1 <u@mx2.internal>: unknown"},
                    ScrubCase{"4.4.1 connect to be1.lan[10.0.0.1]:25: refused",
                              "4.4.1 connect to mail.example.org: refused"},
                    ScrubCase{"from MTA(smtp:[127.0.0.1]:10025): 250 Ok",
                              "from MTA(smtp:mail.example.org): 250 Ok"},
                    ScrubCase{"host be[IPv6:fd00::1] said", "host mail.example.org said"},
                    ScrubCase{"host be[fd00::1] said", "host mail.example.org said"},
                    ScrubCase{"4.7.25 cannot find your hostname, [203.0.113.5]",
                              "4.7.25 cannot find your hostname, [203.0.113.5]"},
                    ScrubCase{"unknown[203.0.113.5] blocked", "unknown[203.0.113.5] blocked"},
                    ScrubCase{"<u@[10.0.0.1]>: no", "<u@[10.0.0.1]>: no"},
                    ScrubCase{"see [1] or [x", "see [1] or [x"},
                    ScrubCase{"[10.0.0.1][10.0.0.2]", "mail.example.orgmail.example.org"},
                    ScrubCase{"2.0.0 a\n2.0.0 mx2.internal b", "2.0.0 a\n2.0.0 mail.example.org b"}));

/// The bound is beyond every address: it keeps a reply of brackets from being read again and again.
TEST(Scrub, LooksForTheEndOfAnAddressForSoFar) {
    const Scrubbing scrubbing{{}, "mail.example.org", IpAddress::parse("203.0.113.5")};
    EXPECT_EQ(scrub("be[IPv6:0000:0000:0000:0000:0000:ffff:192.168.100.228]:25", scrubbing),
              "mail.example.org");
    for (const std::size_t octets : {std::size_t{64}, std::size_t{65}}) {  // address_octets_max, brackets too
        const std::string none = "be[10.0.0.1" + std::string(octets - 10, '0') + "] said";
        EXPECT_EQ(scrub(none, scrubbing), none);
    }
}

}  // namespace
}  // namespace sluice::relay
