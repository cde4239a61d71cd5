// STARTTLS towards the MTA (RFC 3207): when it is sent, what is forgotten, and what is not accepted.
#include <gtest/gtest.h>

#include "smtp/testing/dialogue_script.hpp"

namespace sluice::smtp {
namespace {

const std::string greeting = "220 mx.internal ESMTP\r\n";
const std::string offering = "250-mx.internal\r\n250-PIPELINING\r\n250-STARTTLS\r\n250 DSN\r\n";
const std::string not_offering = "250-mx.internal\r\n250 PIPELINING\r\n";

struct Scene {
    const char* name;
    StartTls wanted;
    std::vector<Exchange> exchanges;
    int reply = 0;  // code
};

void PrintTo(const Scene& scene, std::ostream* out) {
    *out << scene.name;
}

class DialogueStartTls : public testing::TestWithParam<Scene> {};

TEST_P(DialogueStartTls, IsSaidWhereItIsWanted) {
    const Scene& scene = GetParam();
    for (std::size_t split = 0; split < 80; ++split) {
        Dialogue dialogue("front.example");
        dialogue.open("", {.starttls = scene.wanted});
        converse(dialogue, {greeting, "EHLO front.example\r\n", Outcome::none}, split);
        for (const Exchange& exchange : scene.exchanges) {
            converse(dialogue, exchange, split);
            if (dialogue.stage() != Stage::handshake) continue;
            dialogue.secured();
            EXPECT_EQ(dialogue.ehlo(), EhloReply());
            EXPECT_EQ(dialogue.output(), "EHLO front.example\r\n");
            dialogue.output().clear();
        }
        EXPECT_EQ(dialogue.reply().code, scene.reply);
        EXPECT_EQ(dialogue.usable(), scene.exchanges.back().outcome == Outcome::opened);
    }
}

INSTANTIATE_TEST_SUITE_P(
    Table, DialogueStartTls,
    testing::Values(
        Scene{.name = "Never", .wanted = StartTls::never, .exchanges = {{offering, "", Outcome::opened}}},
        Scene{.name = "Offered",
              .wanted = StartTls::may,
              .exchanges = {{offering, "STARTTLS\r\n", Outcome::none},
                            {"220 go ahead\r\n", "", Outcome::start_tls},
                            {not_offering, "", Outcome::opened}}},
        Scene{.name = "OfferedAgainUnderTls",
              .wanted = StartTls::must,
              .exchanges = {{offering, "STARTTLS\r\n", Outcome::none},
                            {"220 go ahead\r\n", "", Outcome::start_tls},
                            {offering, "", Outcome::opened}}},
        Scene{.name = "NotOffered",
              .wanted = StartTls::may,
              .exchanges = {{not_offering, "", Outcome::opened}}},
        Scene{.name = "NotOfferedAndRequired",
              .wanted = StartTls::must,
              .exchanges = {{not_offering, "", Outcome::tls_refused}}},
        Scene{.name = "NoEhloAndRequired",
              .wanted = StartTls::must,
              .exchanges = {{"502 what\r\n", "HELO front.example\r\n", Outcome::none},
                            {"250 mx.internal\r\n", "", Outcome::tls_refused}}},
        Scene{.name = "Refused",
              .wanted = StartTls::may,
              .exchanges = {{offering, "STARTTLS\r\n", Outcome::none},
                            {"454 no TLS now\r\n", "", Outcome::opened}}},
        Scene{.name = "RefusedAndRequired",
              .wanted = StartTls::must,
              .exchanges = {{offering, "STARTTLS\r\n", Outcome::none},
                            {"454 no TLS now\r\n", "", Outcome::tls_refused}},
              .reply = 454},
        Scene{.name = "OddAnswer",
              .wanted = StartTls::may,
              .exchanges = {{offering, "STARTTLS\r\n", Outcome::none},
                            {"250 fine\r\n", "", Outcome::tls_refused}},
              .reply = 250},
        // CVE-2011-0411: plaintext that would count as sent under TLS.
        Scene{.name = "InjectedReply",
              .wanted = StartTls::may,
              .exchanges = {{offering, "STARTTLS\r\n", Outcome::none},
                            {"220 go ahead\r\n250-mx\r\n250 XCLIENT ADDR\r\n", "", Outcome::lost}}},
        Scene{.name = "ShuttingDown",
              .wanted = StartTls::may,
              .exchanges = {{offering, "STARTTLS\r\n", Outcome::none}, {"421 later\r\n", "", Outcome::lost}},
              .reply = 421}),
    [](const testing::TestParamInfo<Scene>& scene) { return scene.param.name; });

TEST(DialogueRequireTls, IsAPromiseOfEncryptedAndLocalConnectionsOnly) {
    const std::string ehlo = "250-mx.internal\r\n250-STARTTLS\r\n250 REQUIRETLS\r\n";
    const auto promised = [&](Hop hop) {
        Dialogue dialogue("front.example");
        dialogue.open("", hop);
        dialogue.receive(greeting);
        if (dialogue.receive(ehlo) != Outcome::opened) {
            dialogue.receive("220 go ahead\r\n");
            dialogue.secured();
            dialogue.receive(ehlo);
        }
        return dialogue.ehlo().offer.has(Extension::requiretls);
    };
    EXPECT_FALSE(promised({}));
    EXPECT_TRUE(promised({.local = true}));
    EXPECT_TRUE(promised({.starttls = StartTls::may}));
}

TEST(DialogueRequireTls, IsKeptOrTheMessageIsNotSent) {
    Dialogue dialogue("front.example");
    dialogue.open("");
    dialogue.receive(greeting);
    EXPECT_EQ(dialogue.receive("250-mx.internal\r\n250 REQUIRETLS\r\n"), Outcome::opened);
    dialogue.output().clear();
    EXPECT_FALSE(dialogue.deliver({"s@example.org", "REQUIRETLS", {{"r@example.net", ""}}}));
}

}  // namespace
}  // namespace sluice::smtp
