#include "relay/shared_answer.hpp"

#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <vector>

namespace sluice::relay {
namespace {

const smtp::Reply known{250, "2.1.5 Ok"};
const smtp::Reply unknown{550, "5.1.1 User unknown"};

Hearer fast(std::string_view address) {
    return {.address = IpAddress::parse(address).value(), .fast_lane = true, .operators_own = false};
}
Hearer slow(std::string_view address) {
    return {.address = IpAddress::parse(address).value(), .fast_lane = false, .operators_own = false};
}
Hearer operators(std::string_view address) {
    return {.address = IpAddress::parse(address).value(), .fast_lane = true, .operators_own = true};
}

SharedAnswer own(std::string heard_by, const smtp::Reply& reply) {
    return {.standing = Standing::own, .heard_by = std::move(heard_by), .reply = reply};
}
SharedAnswer heard(std::string heard_by, const smtp::Reply& reply) {
    return {.standing = Standing::heard, .heard_by = std::move(heard_by), .reply = reply};
}
SharedAnswer confirmed(const smtp::Reply& reply) {
    return {.standing = Standing::confirmed, .heard_by = {}, .reply = reply};
}
const SharedAnswer disputed{.standing = Standing::disputed, .heard_by = {}, .reply = {}};

TEST(Hearer, HasANetworkUnlessTheOperatorHasNamedIt) {
    EXPECT_EQ(fast("192.0.2.7").kept_for(), "192.0.2.0");
    EXPECT_EQ(slow("192.0.2.7").kept_for(), "192.0.2.0");
    EXPECT_EQ(fast("2001:db8:1:2::7").kept_for(), "2001:db8:1:2::");
    EXPECT_EQ(operators("192.0.2.7").kept_for(), "=192.0.2.7");
    EXPECT_EQ(operators("2001:db8:1:2::7").kept_for(), "=2001:db8:1:2::7");
}

TEST(Unrelated, IsWhatSharesNoSlash16OrSlash32OfOneFamily) {
    struct Row {
        const char* one;
        const char* other;
        bool unrelated;
    };
    for (const Row& row : {Row{"192.0.2.0", "192.0.3.0", false},
                           {"192.0.2.0", "192.1.2.0", true},
                           {"2001:db8:1::", "2001:db8:2::", false},
                           {"2001:db8::", "2001:db9::", true},
                           {"192.0.2.0", "2001:db8::", false},  // one site has both
                           {"", "192.0.2.0", false},
                           {"=192.0.2.7", "198.51.100.0", false}})
        EXPECT_EQ(unrelated(row.one, row.other), row.unrelated) << row.one << " " << row.other;
}

TEST(HeardNow, Table) {
    struct Row {
        const char* what;
        std::optional<SharedAnswer> before;
        Hearer hearer;
        smtp::Reply reply;
        std::optional<SharedAnswer> after;
    };
    const std::vector<Row> table{
        {"the first, of the fast lane", {}, fast("192.0.2.1"), known, own("192.0.2.0", known)},
        {"the first, of the slow lane", {}, slow("192.0.2.1"), unknown, heard("192.0.2.0", unknown)},
        {"the first, of the operator", {}, operators("192.0.2.1"), known, own("=192.0.2.1", known)},
        {"another of the fast lane", own("192.0.2.0", known), fast("198.51.100.1"), known,
         own("198.51.100.0", known)},
        {"what a fast one was told is not confirmed by a slow one", own("192.0.2.0", known),
         slow("198.51.100.1"), known, heard("198.51.100.0", known)},
        {"a second voice", heard("192.0.2.0", unknown), slow("198.51.100.1"), unknown, confirmed(unknown)},
        {"a second voice of good news", heard("192.0.2.0", known), slow("198.51.100.1"), known,
         confirmed(known)},
        {"the same once more", heard("192.0.2.0", unknown), slow("192.0.2.9"), unknown, {}},
        {"a neighbour", heard("192.0.2.0", unknown), slow("192.0.9.9"), unknown, {}},
        {"a fast one is no voice", heard("192.0.2.0", unknown), fast("198.51.100.1"), unknown, {}},
        {"the operator's is no voice", heard("192.0.2.0", unknown), operators("198.51.100.1"), unknown, {}},
        {"confirmed is not made younger", confirmed(known), slow("203.0.113.1"), known, {}},
        {"it depends on who asks", confirmed(unknown), fast("203.0.113.1"), known, disputed},
        {"also for the operator's", confirmed(unknown), operators("203.0.113.1"), known, disputed},
        {"one voice against one", heard("192.0.2.0", known), slow("198.51.100.1"), unknown, disputed},
        {"the mailbox has come", own("192.0.2.0", unknown), fast("192.0.2.5"), known,
         own("192.0.2.0", known)},
        {"a dispute stays one", disputed, slow("198.51.100.1"), known, {}},
    };
    for (const Row& row : table)
        EXPECT_EQ(heard_now(row.before ? &*row.before : nullptr, row.hearer, row.reply), row.after)
            << row.what;
}

TEST(SharedAnswer, IsDescribedToTheOperator) {
    for (const auto& [text, words] :
         {std::pair{"own 192.0.2.0 250 Ok", "250 Ok, to 192.0.2.0 (network) only"},
          {"own =192.0.2.7 250 Ok", "250 Ok, to 192.0.2.7 only"},
          {"heard 192.0.2.0 550 5.1.1 No", "550 5.1.1 No, to 192.0.2.0 (network), and nobody else so far"},
          {"confirmed - 550 5.1.1 No", "550 5.1.1 No, to clients of several networks"},
          {"disputed - 0 ", "not the same to all, and each client asks for itself"},
          {"250 Ok", "250 Ok (nobody is told so: it does not say who was)"}})
        EXPECT_EQ(describe_shared(text), words);
}

TEST(Serves, Table) {
    struct Row {
        SharedAnswer answer;
        bool same, fast_one, slow_one, operators_one;  // 192.0.2.9 (slow), and strangers
    };
    for (const Row& row : {Row{own("192.0.2.0", known), true, false, false, false},
                           {heard("192.0.2.0", unknown), true, false, false, false},
                           {confirmed(known), true, true, true, false},
                           {confirmed(unknown), true, false, true, false},
                           {disputed, false, false, false, false}}) {
        const std::string what = write_shared(row.answer);
        EXPECT_EQ(serves(row.answer, slow("192.0.2.9")), row.same) << what;
        EXPECT_EQ(serves(row.answer, fast("203.0.113.1")), row.fast_one) << what;
        EXPECT_EQ(serves(row.answer, slow("203.0.113.1")), row.slow_one) << what;
        EXPECT_EQ(serves(row.answer, operators("203.0.113.1")), row.operators_one) << what;
        EXPECT_FALSE(row.answer.standing == Standing::own && serves(row.answer, operators("192.0.2.9")));
        // No worker can make another refuse a client that nothing speaks against.
        EXPECT_EQ(serves(row.answer, fast("192.0.2.9")), row.same && row.answer.reply.positive()) << what;
    }
}

}  // namespace
}  // namespace sluice::relay
