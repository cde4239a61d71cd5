#include "policy/patience.hpp"

#include <gtest/gtest.h>
#include <string_view>

namespace sluice::policy {
namespace {

std::string_view lost(Awaited what, Millis reply, Millis silence) {
    const Sender* const sender = sender_lost_by({what, reply, silence});
    return sender == nullptr ? "nobody" : sender->name;
}

TEST(Patience, NobodyLeavesBeforeTheShortestClock) {
    for (std::size_t what = 0; what < awaited_count; ++what)
        EXPECT_EQ(lost(static_cast<Awaited>(what), Millis{29'999}, Millis{4'999}), "nobody") << what;
}

TEST(Patience, EachClockIsOneOfSilenceOrOfTheReply) {
    EXPECT_EQ(lost(Awaited::mail, Seconds{5}, Seconds{5}), "emailjs");
    EXPECT_EQ(lost(Awaited::greeting, Seconds{30}, Seconds{1}), "nodemailer");
    EXPECT_EQ(lost(Awaited::ehlo, Seconds{30}, Seconds{1}), "swaks") << "nodemailer counts gaps from here on";
    EXPECT_EQ(lost(Awaited::data, Seconds{29}, Seconds{1}), "nobody");
}

TEST(Patience, TheTableHoldsEverySenderThatWasMeasured) {
    EXPECT_EQ(known_senders().size(), 22U);
    for (const Sender& sender : known_senders()) {
        EXPECT_FALSE(sender.name.empty());
        EXPECT_FALSE(sender.version.empty()) << sender.name;
    }
}

TEST(Patience, ASenderWithoutAClockWaitsForEver) {
    for (const Sender& sender : known_senders()) {
        if (sender.counts != Counts::nothing) continue;
        for (std::size_t what = 0; what < awaited_count; ++what)
            EXPECT_FALSE(sender.patience(static_cast<Awaited>(what))) << sender.name;
    }
}

}  // namespace
}  // namespace sluice::policy
