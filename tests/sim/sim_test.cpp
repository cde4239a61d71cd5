// A fixed set of seeds, and tests that show that the checker finds what it is meant to find.
#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "sim/trial.hpp"

namespace sluice::sim {
namespace {

using testing::Contains;
using testing::HasSubstr;

constexpr std::uint64_t fixed_seeds = 300;

/// Each of these seeds found a fault that has been mended since; when the worlds change, they no longer
/// produce it.
constexpr std::uint64_t telling_seeds[] = {280021272953299, 500008863};

TEST(Simulation, FixedSeedsKeepEveryRule) {
    std::vector<std::uint64_t> seeds(std::begin(telling_seeds), std::end(telling_seeds));
    for (std::uint64_t seed = 1; seed <= fixed_seeds; ++seed)
        seeds.push_back(seed);
    for (const std::uint64_t seed : seeds) {
        const Findings findings = run_trial_and_weigh(seed, {});
        for (const std::string& violation : findings.violations)
            ADD_FAILURE() << violation << "\nreplay: build/release/sluice-sim --seed " << seed << " --trace";
    }
}

TEST(Simulation, ASeedIsTheSameEachTime) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        const Findings once = run_trial(seed, {});
        const Findings again = run_trial(seed, {});
        EXPECT_EQ(once.digest, again.digest) << seed;
        EXPECT_EQ(once.faults, again.faults) << seed;
    }
}

TEST(Simulation, SeedsDiffer) {
    EXPECT_NE(run_trial(1, {}).digest, run_trial(2, {}).digest);
}

/// The violations found in the worlds of some seeds with this bug planted.
std::vector<std::string> violations_with(Sabotage bug, std::optional<Fault> only_fault = std::nullopt) {
    TrialOptions options;
    options.sabotage = bug;
    options.only_fault = only_fault;
    options.only_fault_per_mille = 300;
    std::vector<std::string> violations;
    for (std::uint64_t seed = 1; seed <= 40; ++seed)
        std::ranges::move(run_trial_and_weigh(seed, options).violations, std::back_inserter(violations));
    return violations;
}

TEST(Checker, FindsContentThatWasChanged) {
    EXPECT_THAT(violations_with(Sabotage::swap_octets), Contains(HasSubstr("the content was changed")));
}

TEST(Checker, FindsAMessageThatWasAcknowledgedAndLost) {
    EXPECT_THAT(violations_with(Sabotage::acknowledge_refused, Fault::mta_defers),
                Contains(HasSubstr("which no MTA has")));
}

TEST(Checker, FindsABorrowedIdentity) {
    EXPECT_THAT(violations_with(Sabotage::borrow_identity), Contains(HasSubstr("was introduced as")));
}

TEST(Checker, FindsAnIdentityThatAHelloNameSwallows) {
    EXPECT_THAT(violations_with(Sabotage::bare_xclient), Contains(HasSubstr("was introduced as")));
}

TEST(Checker, FindsAMessageDeliveredTwice) {
    EXPECT_THAT(violations_with(Sabotage::deliver_twice), Contains(HasSubstr("delivered twice")));
}

TEST(Checker, FindsAMessageThatCameAgainAndWasDeliveredAgain) {
    EXPECT_THAT(violations_with(Sabotage::rename_letter, Fault::client_leaves_at_dot),
                Contains(HasSubstr("delivered twice")));
}

TEST(Checker, FindsATransactionLeftOpen) {
    EXPECT_THAT(violations_with(Sabotage::lose_reset, Fault::mta_refuses),
                Contains(HasSubstr("in a transaction")));
}

TEST(Checker, FindsRepliesOutOfOrder) {
    EXPECT_THAT(violations_with(Sabotage::swap_replies), Contains(HasSubstr("was to be answered")));
}

TEST(Checker, FindsMailForAnMtaThatRelaysForStrangers) {
    EXPECT_THAT(violations_with(Sabotage::deny_relaying, Fault::mta_relays),
                Contains(HasSubstr("relays for strangers")));
}

TEST(Checker, FindsADescriptorThatIsNotClosed) {
    EXPECT_THAT(violations_with(Sabotage::lose_descriptor), Contains(HasSubstr("descriptors are left")));
}

TEST(Checker, FindsMemoryThatIsNotReturned) {
    EXPECT_THAT(violations_with(Sabotage::lose_memory), Contains(HasSubstr("blocks of memory are left")));
}

TEST(Checker, FindsASilenceThatARealSenderDoesNotBear) {
    EXPECT_THAT(violations_with(Sabotage::hush_reply), Contains(HasSubstr("would have left")));
}

TEST(Checker, FindsAReplyThatComesTooLate) {
    EXPECT_THAT(violations_with(Sabotage::hold_reply), Contains(HasSubstr("of RFC 5321")));
}

}  // namespace
}  // namespace sluice::sim
