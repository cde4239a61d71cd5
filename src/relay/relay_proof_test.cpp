#include "relay/relay_proof.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace sluice::relay {
namespace {

using Finding = RelayProof::Finding;
using Outcome = smtp::Dialogue::Outcome;

const std::string greeting = "220 mx.internal ESMTP\r\n";
const std::string ehlo =
    "250-mx.internal\r\n250-PIPELINING\r\n250-DSN\r\n250 XCLIENT NAME ADDR HELO PROTO\r\n";
const std::string less = "250-mx.internal\r\n250 PIPELINING\r\n";
const std::string denied = "554 5.7.1 <r>: Relay access denied\r\n";
const std::string no = "250 2.1.0 Ok\r\n" + denied + denied + "250 2.0.0 Ok\r\n";
const std::string introduced = "220 mx.internal ESMTP\r\n";

struct ProofCase {
    std::string name;
    Carry carry;
    bool asks;
    std::vector<std::string> replies;  // "" = the connection ends
    Finding finding;
    bool settled;
    std::string taken;  // a part of taken()
};

std::string answer(const std::string& first, const std::string& second) {
    return "250 2.1.0 Ok\r\n" + first + "\r\n" + second + "\r\n250 2.0.0 Ok\r\n";
}

void PrintTo(const ProofCase& c, std::ostream* out) {
    *out << c.name;
}

class Proofs : public testing::TestWithParam<ProofCase> {};

/// Says what the proof asks for, and gives it the MTA's replies one by one.
void run(RelayProof& proof, smtp::Dialogue& dialogue, const std::vector<std::string>& replies) {
    auto next = replies.begin();
    while (proof.next() != RelayProof::Step::over) {
        if (proof.next() == RelayProof::Step::ask) {
            ASSERT_TRUE(dialogue.ask(proof_envelope()));
        } else {
            dialogue.introduce("XCLIENT ADDR=203.0.113.25\r\n", "[203.0.113.25]", true);
        }
        Outcome outcome = Outcome::none;
        while (outcome == Outcome::none) {
            dialogue.output().clear();
            ASSERT_NE(next, replies.end());
            outcome = next->empty() ? dialogue.lost() : dialogue.receive(*next);
            ++next;
        }
        proof.heard(outcome, dialogue);
    }
    EXPECT_EQ(next, replies.end());
}

TEST_P(Proofs, FindOut) {
    const ProofCase& c = GetParam();
    smtp::Dialogue dialogue("front.example");
    dialogue.open("");
    (void)dialogue.receive(greeting);
    dialogue.output().clear();
    ASSERT_EQ(dialogue.receive(ehlo), Outcome::opened);
    RelayProof proof(c.carry, c.asks);
    run(proof, dialogue, c.replies);
    EXPECT_EQ(proof.finding(), c.finding);
    EXPECT_EQ(proof.settled(), c.settled);
    EXPECT_NE(proof.taken().find(c.taken), std::string::npos) << proof.taken();
}

INSTANTIATE_TEST_SUITE_P(
    Table, Proofs,
    testing::Values(
        ProofCase{
            "refused twice", Carry::xclient, true, {no, introduced, ehlo, no}, Finding::refuses, true, ""},
        ProofCase{"250 for the name",
                  Carry::xclient,
                  true,
                  {answer("250 2.1.5 Ok", "554 5.7.1 no")},
                  Finding::relays,
                  true,
                  "from Sluice itself for <sluice-check@not-your-domain.example>: 250"},
        ProofCase{"250 for the literal",
                  Carry::xclient,
                  true,
                  {no, introduced, ehlo, answer("450 4.1.2 Domain not found", "250 2.1.5 Ok")},
                  Finding::relays,
                  true,
                  "from a stranger for <sluice-check@[203.0.113.25]>: 250"},
        ProofCase{"252 is a yes",
                  Carry::nothing,
                  true,
                  {answer("252 2.1.5 Will try", "550 5.1.1 no")},
                  Finding::relays,
                  true,
                  "252"},
        ProofCase{"250 and then nothing",
                  Carry::nothing,
                  true,
                  {"250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n", ""},
                  Finding::relays,
                  true,
                  "250"},
        ProofCase{"Debian defers",
                  Carry::nothing,
                  true,
                  {answer("454 4.7.1 Relay access denied", "454 4.7.1 Relay access denied")},
                  Finding::refuses,
                  true,
                  ""},
        ProofCase{"greylisted",
                  Carry::nothing,
                  true,
                  {answer("450 4.2.0 Greylisted", "554 5.7.1 no")},
                  Finding::refuses,
                  false,
                  ""},
        ProofCase{"a full disk",
                  Carry::nothing,
                  true,
                  {"452 4.3.1 no space\r\n503 5.5.1 no\r\n503 5.5.1 no\r\n250 Ok\r\n"},
                  Finding::refuses,
                  false,
                  ""},
        ProofCase{"no bounces",
                  Carry::nothing,
                  true,
                  {"550 5.7.1 no bounces\r\n503 5.5.1 no\r\n503 5.5.1 no\r\n250 Ok\r\n"},
                  Finding::refuses,
                  true,
                  ""},
        ProofCase{"refused and closed",
                  Carry::xclient,
                  true,
                  {"250 2.1.0 Ok\r\n" + denied + denied, ""},
                  Finding::refuses,
                  true,
                  ""},
        ProofCase{"closed", Carry::xclient, true, {""}, Finding::unheard, true, ""},
        ProofCase{"a yes that is not SMTP",
                  Carry::xclient,
                  true,
                  {"250 2.1.0 Ok\r\n99 bottles\r\n250 2.1.5 Ok\r\n250 Ok\r\n"},
                  Finding::garbled,
                  true,
                  ""},
        ProofCase{"no SMTP at XCLIENT", Carry::xclient, true, {no, "what\r\n"}, Finding::garbled, true, ""},
        ProofCase{"going down", Carry::xclient, true, {"421 4.3.2 down\r\n"}, Finding::unheard, true, ""},
        ProofCase{"strangers are refused at once",
                  Carry::xclient,
                  true,
                  {no, "554 5.7.1 Client host rejected\r\n"},
                  Finding::refuses,
                  true,
                  ""},
        ProofCase{"strangers are refused for now",
                  Carry::xclient,
                  true,
                  {no, "450 4.3.0 not now\r\n"},
                  Finding::refuses,
                  false,
                  ""},
        ProofCase{"closed at XCLIENT", Carry::xclient, true, {no, ""}, Finding::unheard, true, ""},
        ProofCase{"a stranger's PROXY header",
                  Carry::proxy,
                  true,
                  {answer("250 Ok", "250 Ok")},
                  Finding::relays,
                  true,
                  "from a stranger"},
        ProofCase{"takes everything by design",
                  Carry::xclient,
                  false,
                  {introduced, ehlo},
                  Finding::refuses,
                  true,
                  ""},
        ProofCase{"nothing to ask", Carry::nothing, false, {}, Finding::refuses, true, ""}));

TEST(Proof, LearnsWhatStrangersAreOffered) {
    smtp::Dialogue dialogue("front.example");
    dialogue.open("");
    (void)dialogue.receive(greeting);
    dialogue.output().clear();
    (void)dialogue.receive(ehlo);
    RelayProof proof(Carry::xclient, true);
    run(proof, dialogue, {no, introduced, less, no});
    ASSERT_TRUE(proof.offered().has_value());
    EXPECT_FALSE(proof.offered()->offer.has(smtp::Extension::dsn));
    EXPECT_TRUE(proof.offered()->offer.has(smtp::Extension::pipelining));
}

constexpr Instant start{Seconds{1000}};
constexpr Seconds life{600};

TEST(TrustTest, AProofHoldsForItsLife) {
    Trust trust;
    EXPECT_TRUE(trust.due(start));
    trust.proved(start, life, true, {});
    EXPECT_FALSE(trust.due(start + life - Millis{1}));
    EXPECT_TRUE(trust.due(start + life));
}

TEST(TrustTest, WhatMayChangeSoonHoldsForAMinute) {
    Trust trust;
    trust.proved(start, life, false, {});
    EXPECT_FALSE(trust.due(start + Trust::unsettled_max - Millis{1}));
    EXPECT_TRUE(trust.due(start + Trust::unsettled_max));
    trust.proved(start, Seconds{5}, false, {});
    EXPECT_TRUE(trust.due(start + Seconds{5}));
}

TEST(TrustTest, AnotherOfferCallsForAnother) {
    Trust trust;
    const smtp::EhloReply offered{.host = "a", .offer = {}, .xclient = {}, .auth = {}};
    const smtp::EhloReply other{.host = "b", .offer = {}, .xclient = {}, .auth = {}};
    trust.proved(start, life, true, offered);
    EXPECT_FALSE(trust.due(start + Seconds{60}, offered));
    EXPECT_FALSE(trust.due(start + Trust::apart_min - Millis{1}, other));
    EXPECT_TRUE(trust.due(start + Trust::apart_min, other));
}

TEST(TrustTest, OnlyAProofRestoresIt) {
    Trust trust;
    trust.proved(start, life, true, {});
    trust.lost(Distrust::relays, start);
    EXPECT_TRUE(trust.due(start));
    trust.forget();
    for (unsigned i = 0; i < 2 * Trust::unheard_max; ++i)
        EXPECT_FALSE(trust.unheard()) << "silence is no proof";
    EXPECT_EQ(trust.distrust(), Distrust::relays);
    trust.proved(start, life, true, {});
    EXPECT_FALSE(trust.distrusted());
}

TEST(TrustTest, ANoToWhatWasAskedBeforeTheYesIsNoNews) {
    Trust trust;
    EXPECT_FALSE(trust.outdates(start));
    trust.lost(Distrust::relays, start);
    EXPECT_TRUE(trust.outdates(start - Millis{1}));
    EXPECT_TRUE(trust.outdates(start));
    EXPECT_FALSE(trust.outdates(start + Millis{1}));
}

TEST(TrustTest, SilenceIsAnAnswerTheThirdTimeInARow) {
    Trust trust;
    for (unsigned i = 1; i < Trust::unheard_max; ++i)
        EXPECT_FALSE(trust.unheard());
    EXPECT_TRUE(trust.unheard());
    trust.proved(start, life, true, {});
    EXPECT_FALSE(trust.unheard());
}

}  // namespace
}  // namespace sluice::relay
