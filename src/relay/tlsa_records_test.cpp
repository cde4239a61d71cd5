#include "relay/tlsa_records.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::relay {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::IsEmpty;
using testing::SizeIs;
using Status = net::DnsAnswer::Status;

constexpr std::string_view dane_ee{"\3\1\1digest"};
constexpr std::string_view dane_ta{"\2\0\1digest", 9};
constexpr std::string_view pkix_ee{"\1\1\1digest"};

net::DnsAnswer found(const std::vector<std::string_view>& records, std::uint32_t ttl_s, bool secure = true) {
    net::DnsAnswer answer;
    answer.status = Status::found;
    answer.records.assign(records.begin(), records.end());
    answer.ttl_s = ttl_s;
    answer.secure = secure;
    return answer;
}

net::DnsAnswer without(Status status) {
    net::DnsAnswer answer;
    answer.status = status;
    return answer;
}

class TlsaRecordsTest : public testing::Test {
  protected:
    /// The reason given for this answer when there were no records before.
    std::string why_not(const net::DnsAnswer& answer) {
        TlsaRecords fresh("_25._tcp.mx.example.org");
        EXPECT_EQ(fresh.heard(answer, now), Seconds{10});
        EXPECT_THAT(fresh.good(), IsEmpty());
        return fresh.why();
    }

    Instant now = Instant() + Seconds{1000};
    TlsaRecords records{"_25._tcp.mx.example.org"};
};

TEST_F(TlsaRecordsTest, AreNoneAtFirst) {
    EXPECT_THAT(records.good(), IsEmpty());
    EXPECT_EQ(records.why(), "the TLSA records _25._tcp.mx.example.org have not been found yet");
}

TEST_F(TlsaRecordsTest, AreThoseThatServeSmtp) {
    records.heard(found({pkix_ee, dane_ee, "\3\1\1", dane_ta}, 300), now);
    EXPECT_THAT(records.good(),
                ElementsAre(net::TlsaRecord{.usage = 3, .selector = 1, .matching = 1, .data = "digest"},
                            net::TlsaRecord{.usage = 2, .selector = 0, .matching = 1, .data = "digest"}));
}

TEST_F(TlsaRecordsTest, AreTakenOnlyFromASecureAnswerWithAKindOfUse) {
    EXPECT_THAT(why_not(found({dane_ee}, 300, false)), EndsWith(" are not secured by DNSSEC"));
    EXPECT_THAT(why_not(found({pkix_ee}, 300)), EndsWith(" are of no kind that serves SMTP (RFC 7672 3.1)"));
    EXPECT_THAT(why_not(without(Status::absent)), EndsWith(" do not exist"));
    EXPECT_THAT(why_not(without(Status::servfail)), EndsWith(" could not be had"));
    EXPECT_THAT(why_not(without(Status::bogus)), EndsWith(" are bogus"));
    EXPECT_THAT(why_not(without(Status::timed_out)), EndsWith(" could not be asked for in time"));
}

TEST_F(TlsaRecordsTest, AreAskedForAgainWhenTheyExpireWithinBounds) {
    EXPECT_EQ(records.heard(found({dane_ee}, 300), now), Seconds{300});
    EXPECT_EQ(records.heard(found({dane_ee}, 60), now), Seconds{60});
    EXPECT_EQ(records.heard(found({dane_ee}, 0), now), Seconds{60});
    EXPECT_EQ(records.heard(found({dane_ee}, 3600), now), Seconds{3600});  // ttl_max
    EXPECT_EQ(records.heard(found({dane_ee}, 3601), now), Seconds{3600});
    EXPECT_EQ(records.heard(found({dane_ee}, 86'400), now), Seconds{3600});
}

TEST_F(TlsaRecordsTest, GoWhenDnsSaysSo) {
    for (const auto& answer :
         {without(Status::absent), found({dane_ee}, 300, false), found({pkix_ee}, 300)}) {
        records.heard(found({dane_ee}, 300), now);
        EXPECT_THAT(records.good(), SizeIs(1));
        EXPECT_EQ(records.heard(answer, now + Seconds{1}), Seconds{10});
        EXPECT_THAT(records.good(), IsEmpty());
    }
}

TEST_F(TlsaRecordsTest, StayWhileDnsFailsForAsLongAsTheyAreGood) {
    for (const Status status : {Status::servfail, Status::timed_out}) {
        records.heard(found({dane_ee}, 86'400), now);
        EXPECT_EQ(records.heard(without(status), now + Seconds{3600}), Seconds{10});
        EXPECT_EQ(records.heard(without(status), now + Seconds{86'399}), Seconds{10});
        EXPECT_THAT(records.good(), SizeIs(1));
        EXPECT_EQ(records.heard(without(status), now + Seconds{86'400}), Seconds{10});
        EXPECT_THAT(records.good(), IsEmpty());
    }
    // Records are kept for at least a minute.
    records.heard(found({dane_ee}, 1), now);
    records.heard(without(Status::servfail), now + Seconds{59});
    EXPECT_THAT(records.good(), SizeIs(1));
}

TEST_F(TlsaRecordsTest, AreThoseOfTheLastAnswer) {
    records.heard(found({dane_ee}, 300), now);
    records.heard(found({dane_ta, dane_ta}, 300), now);
    EXPECT_THAT(records.good(), SizeIs(2));
    records.heard(found({dane_ee}, 300), now);
    EXPECT_THAT(records.good(), SizeIs(1));
}

}  // namespace
}  // namespace sluice::relay
