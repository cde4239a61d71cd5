#include "smtp/extensions.hpp"

#include <gtest/gtest.h>

namespace sluice::smtp {
namespace {

TEST(Extensions, AreNamedWithoutRegardToCase) {
    EXPECT_EQ(extension_named("8BITMIME"), Extension::eight_bit_mime);
    EXPECT_EQ(extension_named("pipelining"), Extension::pipelining);
    EXPECT_EQ(extension_named("XClient"), Extension::xclient);
    EXPECT_EQ(extension_named("STARTTLS"), Extension::starttls);
    EXPECT_FALSE(extension_named("SIZE "));
    EXPECT_FALSE(extension_named(""));
    EXPECT_FALSE(extension_named("BINARYMIME"));
}

TEST(Offer, EverythingIsAllThatRelayedMailCanUse) {
    EXPECT_EQ(Offer::everything().keyword_lines(),
              "\nPIPELINING\nSIZE 0\nENHANCEDSTATUSCODES\n8BITMIME\nDSN\nSMTPUTF8\nCHUNKING\nREQUIRETLS");
    EXPECT_FALSE(Offer::everything().has(Extension::starttls));
    EXPECT_FALSE(Offer::everything().has(Extension::xclient));
    EXPECT_EQ(Offer().keyword_lines(), "");
}

TEST(Offer, NamesTheAttributesOfXclient) {
    EXPECT_EQ(Offer().add(Extension::xclient).keyword_lines(), "\nXCLIENT NAME ADDR PORT PROTO HELO");
}

TEST(Offer, IntersectsWithTheSmallerSize) {
    struct Case {
        std::uint64_t a, b, both;
    };
    for (const Case& c : {Case{0, 0, 0}, Case{0, 5, 5}, Case{5, 0, 5}, Case{5, 7, 5}, Case{7, 5, 5}}) {
        const Offer a = Offer().add(Extension::size).add(Extension::dsn).set_size_max(c.a);
        const Offer b = Offer().add(Extension::size).add(Extension::chunking).set_size_max(c.b);
        const Offer both = a.intersect(b);
        EXPECT_EQ(both, Offer().add(Extension::size).set_size_max(c.both));
        EXPECT_FALSE(both.has(Extension::dsn));
    }
}

TEST(Offer, AddsAndRemovesOneAtATime) {
    Offer offer = Offer::everything().remove(Extension::chunking);
    EXPECT_FALSE(offer.has(Extension::chunking));
    EXPECT_TRUE(offer.has(Extension::smtputf8));
    EXPECT_EQ(offer.add(Extension::chunking), Offer::everything());
}

}  // namespace
}  // namespace sluice::smtp
