#include "front/hellos.hpp"

#include <gtest/gtest.h>

namespace sluice::front {
namespace {

smtp::Offer offer_of(std::uint64_t size_max) {
    return smtp::Offer::everything().set_size_max(size_max);
}

TEST(Hellos, ManyOffersAreBounded) {
    const smtp::ServerOptions options;
    Hellos hellos(options);
    const smtp::HelloPtr first(&hellos.of(offer_of(1), {}));
    for (std::uint64_t size = 2; size <= Hellos::kept_max; ++size)
        hellos.of(offer_of(size), {});
    EXPECT_EQ(hellos.kept(), Hellos::kept_max);
    EXPECT_EQ(first->use_count(), 2U) << "kept, and by us";
    hellos.of(offer_of(Hellos::kept_max + 1), {});
    EXPECT_EQ(hellos.kept(), Hellos::kept_max);
    EXPECT_EQ(first->use_count(), 1U) << "by us alone: it goes with its last session";
    EXPECT_EQ(first->esmtp().offer.size_max(), 1U);
    for (std::uint64_t size = 1; size <= 10'000; ++size)
        hellos.of(offer_of(size), {});
    EXPECT_EQ(hellos.kept(), Hellos::kept_max);
}

TEST(Hellos, WhatComesAgainIsTheSame) {
    const smtp::ServerOptions options{.auth = smtp::ServerOptions::Auth::anywhere};
    Hellos hellos(options);
    const smtp::HelloPtr one(&hellos.of(offer_of(1), {}));
    const smtp::HelloPtr two(&hellos.of(offer_of(2), {}));
    const smtp::HelloPtr plain(&hellos.of(offer_of(1), "PLAIN"));
    EXPECT_EQ(&hellos.of(offer_of(1), {}), one.get());
    EXPECT_EQ(&hellos.of(offer_of(2), {}), two.get());
    EXPECT_EQ(&hellos.of(offer_of(1), "PLAIN"), plain.get());
    EXPECT_NE(plain, one);
    EXPECT_EQ(hellos.kept(), 3U);
    // The offer in use is not the one that is evicted.
    for (std::uint64_t size = 10; size < 100; ++size) {
        hellos.of(offer_of(size), {});
        EXPECT_EQ(&hellos.of(offer_of(1), {}), one.get());
    }
}

/// A session goes on with the offer that it was told, even after the offer has changed.
TEST(Hellos, ASessionKeepsWhatItWasTold) {
    const smtp::ServerOptions options;
    Hellos hellos(options);
    smtp::Server server(options);
    server.greet({220, "mx"});
    std::string_view input = "EHLO x\r\n";
    while (server.next(input, hellos.of(offer_of(1000), {})) != smtp::Step::ask_helo) {
    }
    server.answer({250, ""});
    ASSERT_EQ(server.next(input, hellos.of(offer_of(1000), {})), smtp::Step::reply);
    const std::string_view told = server.reply_wire();
    for (std::uint64_t size = 1; size < 100; ++size)
        hellos.of(offer_of(size), {});
    EXPECT_TRUE(told.contains("SIZE 1000"));
    input = "MAIL FROM:<> SIZE=1001\r\n";
    ASSERT_EQ(server.next(input, hellos.of(offer_of(5), {})), smtp::Step::reply);
    EXPECT_EQ(server.reply_code(), 552);
}

}  // namespace
}  // namespace sluice::front
