// The contract of every backing. A map with store::apply() comes first: it is the reference for the others,
// and shows that the tests say what it does.

#include <algorithm>
#include <cmath>
#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <set>

#include "store/local_backing.hpp"
#include "store/record.hpp"
#include "store/testing/backing_harness.hpp"
#include "store/testing/redis_cluster.hpp"
#include "store/testing/redis_server.hpp"
#include "store/testing/temporary_directory.hpp"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

struct Memory {
    std::map<std::string, std::optional<Record>> records;
    WallMillis now = 1'700'000'000'000;
};

class ReferenceBacking final : public Backing {
  public:
    explicit ReferenceBacking(Memory& memory) : memory_(memory) {}

    void perform(Operations batch, Done done) override {
        Outcomes outcomes;
        for (const Operation& operation : batch) {
            if (operation.verb == Verb::list) {
                list(operation, outcomes);
            } else {
                outcomes.push_back(apply(operation, memory_.records[operation.key], memory_.now));
            }
        }
        done(std::move(outcomes));
    }
    void settle(Settled done) override { done(""); }

  private:
    void list(const Operation& operation, Outcomes& outcomes) {
        for (const auto& [key, record] : memory_.records) {
            if (!key.starts_with(operation.key) || key <= operation.value) continue;
            if (!record || record->expired(memory_.now)) continue;
            if (std::cmp_equal(outcomes.size(), operation.amount)) return;
            outcomes.push_back(describe(key, *record, memory_.now));
        }
    }

    Memory& memory_;
};

class ReferenceHarness final : public BackingHarness {
  public:
    std::unique_ptr<Backing> open(net::Loop&) override { return std::make_unique<ReferenceBacking>(memory_); }
    void pass(net::Loop&, Millis time) override { memory_.now += time.count(); }

  private:
    Memory memory_;
};

class LocalHarness final : public BackingHarness {
  public:
    std::unique_ptr<Backing> open(net::Loop& loop) override {
        LocalBacking::Options options;
        options.database.directory = directory_.path();
        options.commit_every = Millis{5};  // so that many reads come from the disk
        return std::make_unique<LocalBacking>(loop, options, [this] { return now_; }, [](auto, auto) {});
    }
    bool shared() const override { return false; }
    void pass(net::Loop& loop, Millis time) override {
        now_ += time.count();
        for (int turns = 0; turns < 3; ++turns)
            loop.turn(Millis{10});
    }

  private:
    TemporaryDirectory directory_;
    WallMillis now_ = 1'700'000'000'000;
};

Operation get(std::string key) {
    return {.verb = Verb::get, .key = std::move(key)};
}
Operation put(std::string key, std::string value, Seconds term = 0s) {
    return {.verb = Verb::put, .key = std::move(key), .value = std::move(value), .term = term};
}
Operation add(std::string key, std::string value, Seconds term = 0s) {
    return {.verb = Verb::add, .key = std::move(key), .value = std::move(value), .term = term};
}
Operation erase(std::string key) {
    return {.verb = Verb::erase, .key = std::move(key)};
}
Operation weigh(std::string key, double good, double bad, Seconds half_life = 1000s) {
    return {.verb = Verb::weigh, .key = std::move(key), .term = half_life, .good = good, .bad = bad};
}
Operation tally(std::string key, Counts counts, Seconds window = 1000s) {
    return {.verb = Verb::count, .key = std::move(key), .term = window, .counts = counts};
}
Operation list(std::string prefix, std::int32_t amount, std::string after = {}) {
    return {.verb = Verb::list, .key = std::move(prefix), .value = std::move(after), .amount = amount};
}

class BackingContract : public testing::TestWithParam<BackingKind> {
  protected:
    Outcomes ask_all(Operations batch) {
        const std::size_t asked = batch.size();
        Outcomes outcomes = ask(loop_, *backing_, std::move(batch));
        if (outcomes.size() != asked) throw std::runtime_error("not an outcome for each operation");
        return outcomes;
    }
    Outcome one(Operation operation) { return ask_all({std::move(operation)}).front(); }
    std::vector<std::string> keys(Operation operation) {
        std::vector<std::string> found;
        for (const Outcome& outcome : ask(loop_, *backing_, {std::move(operation)})) {
            EXPECT_TRUE(outcome.found);
            found.push_back(outcome.key);
        }
        return found;
    }
    void pass(Millis time) { harness_->pass(loop_, time); }

    net::Loop loop_;
    std::unique_ptr<BackingHarness> harness_ = GetParam().make();
    std::unique_ptr<Backing> backing_ = harness_->open(loop_);
};

using Keys = std::vector<std::string>;

TEST_P(BackingContract, ValueIsThereUntilItIsErased) {
    EXPECT_EQ(one(get("a/k")), Outcome{});
    const Outcome first = one(put("a/k", "one", 100s));
    EXPECT_FALSE(first.found);
    EXPECT_EQ(first.value, "one");
    EXPECT_EQ(first.left, 100s);
    const Outcome again = one(put("a/k", "two"));
    EXPECT_TRUE(again.found);
    EXPECT_EQ(again.value, "two");
    const Outcome there = one(get("a/k"));
    EXPECT_TRUE(there.found);
    EXPECT_EQ(there.value, "two");
    EXPECT_EQ(there.left, 0s);
    EXPECT_TRUE(one(erase("a/k")).found);
    EXPECT_EQ(one(erase("a/k")), Outcome{});
    EXPECT_EQ(one(get("a/k")), Outcome{});
}

TEST_P(BackingContract, AddKeepsWhatIsThere) {
    const Outcome first = one(add("a/k", "one", 100s));
    EXPECT_FALSE(first.found);
    EXPECT_EQ(first.value, "one");
    const Outcome second = one(add("a/k", "two", 5000s));
    EXPECT_TRUE(second.found);
    EXPECT_EQ(second.value, "one");
    EXPECT_LE(second.left, 100s);
    EXPECT_GE(second.left, 99s);
}

TEST_P(BackingContract, TermsEnd) {
    ask_all(
        {put("a/short", "s", 1s), put("a/long", "l", 100s), put("a/ever", "e"), tally("a/counts", {1}, 1s)});
    pass(1'100ms);
    EXPECT_EQ(one(get("a/short")), Outcome{});
    EXPECT_EQ(one(tally("a/counts", {}, 1s)), Outcome{});
    const Outcome still = one(get("a/long"));
    EXPECT_EQ(still.age, 1s);
    EXPECT_EQ(still.left, 99s);
    EXPECT_EQ(one(get("a/ever")).age, 1s);
    EXPECT_EQ(keys(list("a/", 10)), (Keys{"a/ever", "a/long"}));
    EXPECT_FALSE(one(add("a/short", "new")).found);
    EXPECT_EQ(one(get("a/short")).age, 0s);
}

TEST_P(BackingContract, EvidenceDecays) {
    const Outcome first = one(weigh("a/k", 8, 0.5, 1s));
    EXPECT_FALSE(first.found);
    EXPECT_DOUBLE_EQ(first.good, 8);
    EXPECT_DOUBLE_EQ(first.bad, 0.5);
    EXPECT_EQ(first.left, 10s);
    pass(1'100ms);
    const Outcome later = one(weigh("a/k", 0, 0, 1s));
    EXPECT_TRUE(later.found);
    EXPECT_NEAR(later.good, 4, 1);
    EXPECT_NEAR(later.bad, 0.25, 0.06);
    EXPECT_EQ(later.left, 9s);
    const Outcome more = one(weigh("a/k", 1, 0, 1s));
    EXPECT_NEAR(more.good, 5, 1);
    EXPECT_EQ(more.left, 10s);
    EXPECT_EQ(more.age, 1s);
}

TEST_P(BackingContract, CountsSlideOutOfTheWindow) {
    EXPECT_EQ(one(tally("a/k", {1, 2}, 2s)).counts, (Counts{1, 2}));
    pass(1'200ms);  // the second half of the window
    EXPECT_EQ(one(tally("a/k", {10}, 2s)).counts, (Counts{11, 2}));
    pass(1s);  // the third: the first half has passed
    EXPECT_EQ(one(tally("a/k", {}, 2s)).counts, (Counts{10}));
    EXPECT_EQ(one(tally("a/k", {0, 0, 0, 0, 0, 1}, 2s)).counts, (Counts{10, 0, 0, 0, 0, 1}));
}

TEST_P(BackingContract, CountsDoNotOverflow) {
    constexpr std::uint32_t most = std::numeric_limits<std::uint32_t>::max();
    one(tally("a/k", {most - 1, 7}));
    EXPECT_EQ(one(tally("a/k", {5, 1})).counts, (Counts{most, 8}));
    EXPECT_EQ(one(tally("a/k", {})).counts, (Counts{most, 8}));
}

TEST_P(BackingContract, LookingMakesNoRecord) {
    EXPECT_EQ(one(weigh("a/k", 0, 0)), Outcome{});
    EXPECT_EQ(one(tally("a/k", {})), Outcome{});
    EXPECT_EQ(one(get("a/k")), Outcome{});
    EXPECT_EQ(keys(list("", 10)), Keys{});
}

TEST_P(BackingContract, AnotherKindIsNotFoundAndReplaced) {
    one(put("a/k", "value"));
    EXPECT_EQ(one(weigh("a/k", 0, 0)), Outcome{});
    EXPECT_EQ(one(tally("a/k", {})), Outcome{});
    EXPECT_EQ(one(get("a/k")).value, "value");
    EXPECT_FALSE(one(weigh("a/k", 1, 0)).found);
    EXPECT_EQ(one(get("a/k")), Outcome{});
    EXPECT_EQ(one(tally("a/k", {})), Outcome{});
    EXPECT_FALSE(one(tally("a/k", {1})).found);
    EXPECT_EQ(one(weigh("a/k", 0, 0)), Outcome{});
    EXPECT_FALSE(one(add("a/k", "again")).found);
    EXPECT_EQ(one(get("a/k")).value, "again");
    one(weigh("a/k", 1, 0));
    EXPECT_TRUE(one(erase("a/k")).found);
}

TEST_P(BackingContract, BatchIsDoneInItsOrder) {
    const Outcomes outcomes =
        ask_all({put("a/k", "one"), get("a/k"), put("a/k", "two"), get("a/k"), erase("a/k"), get("a/k"),
                 tally("a/k", {1}), tally("a/k", {1}), get("a/other")});
    EXPECT_EQ(outcomes[1].value, "one");
    EXPECT_EQ(outcomes[3].value, "two");
    EXPECT_TRUE(outcomes[4].found);
    EXPECT_EQ(outcomes[5], Outcome{});
    EXPECT_EQ(outcomes[7].counts, (Counts{2}));
    EXPECT_EQ(outcomes[8], Outcome{});
}

TEST_P(BackingContract, TwoThatAddAtOnceBothCount) {
    if (!harness_->shared()) GTEST_SKIP() << "one process at a time has this memory open";
    const auto other = harness_->open(loop_);
    constexpr int rounds = 500;
    int answers = 0;
    unsigned made = 0;
    for (int round = 0; round < rounds; ++round)
        for (Backing* backing : {backing_.get(), other.get()})
            backing->perform({tally("a/counts", {1, 0, 2}), weigh("a/sums", 1, 0.5, 1'000'000s),
                              add("a/first" + std::to_string(round), backing == other.get() ? "b" : "a")},
                             [&](const std::optional<Outcomes>& outcomes) {
                                 ++answers;
                                 if (outcomes && outcomes->size() == 3 && !outcomes->at(2).found) ++made;
                             });
    ASSERT_TRUE(turn_until(loop_, [&] { return answers == 2 * rounds; }));
    EXPECT_EQ(one(tally("a/counts", {})).counts, (Counts{1000, 0, 2000}));
    EXPECT_NEAR(one(weigh("a/sums", 0, 0)).good, 1000, 1);
    EXPECT_NEAR(one(weigh("a/sums", 0, 0)).bad, 500, 1);
    EXPECT_EQ(made, unsigned{rounds});
}

TEST_P(BackingContract, ListsAreInTheOrderOfKeys) {
    ask_all({put("b/2", "x"), put("a/2", "y"), weigh("a/10", 2, 1), tally("a/1", {3}), put("a", "z"),
             put("a/", "w"), put(std::string("a/\xff\xff"), "last"), put("a0", "after")});
    const Outcomes all = ask(loop_, *backing_, {list("a/", 50)});
    ASSERT_EQ(all.size(), 5u);
    EXPECT_EQ(all[0].key, "a/");
    EXPECT_EQ(all[0].value, "w");
    EXPECT_EQ(all[1].key, "a/1");
    EXPECT_EQ(all[1].counts, (Counts{3}));
    EXPECT_EQ(all[2].key, "a/10");
    EXPECT_NEAR(all[2].good, 2, 0.1);
    EXPECT_EQ(all[2].left, 10'000s);
    EXPECT_EQ(all[3].key, "a/2");
    EXPECT_EQ(all[4].key, "a/\xff\xff");

    EXPECT_EQ(keys(list("a/", 2)), (Keys{"a/", "a/1"}));
    EXPECT_EQ(keys(list("a/", 2, "a/1")), (Keys{"a/10", "a/2"}));
    EXPECT_EQ(keys(list("a/", 2, "a/1a")), (Keys{"a/2", "a/\xff\xff"}));  // a key that is not there
    EXPECT_EQ(keys(list("a/", 2, "a/\xff\xff")), Keys{});
    EXPECT_EQ(keys(list("b/", 50, "a")), (Keys{"b/2"}));  // before the first
    EXPECT_EQ(keys(list("c/", 50)), Keys{});
    EXPECT_EQ(keys(list("", 50)).size(), 8u);
    EXPECT_EQ(keys(list("", 50)).front(), "a");
}

TEST_P(BackingContract, ListsArePagesOfTheWhole) {
    std::set<std::string> put_down;
    for (int batch = 0; batch < 4; ++batch) {
        Operations operations;
        for (int i = 0; i < 50; ++i)
            operations.push_back(put("page/" + std::to_string(batch * 977 + i * 31), std::to_string(i)));
        for (const Operation& operation : operations)
            put_down.insert(operation.key);
        ask_all(std::move(operations));
    }
    Keys listed;
    for (Keys page; !(page = keys(list("page/", listed_max, listed.empty() ? "" : listed.back()))).empty();) {
        EXPECT_LE(page.size(), std::size_t{listed_max});
        listed.insert(listed.end(), page.begin(), page.end());
    }
    EXPECT_EQ(listed, Keys(put_down.begin(), put_down.end()));
}

TEST_P(BackingContract, PatternsInPrefixesAreTakenLiterally) {
    ask_all({put("a*/1", ""), put("ab/1", ""), put("a[b]/1", ""), put("a?/1", ""), put("a\\/1", ""),
             put("{a}b/1", "")});
    EXPECT_EQ(keys(list("a*", 50)), (Keys{"a*/1"}));
    EXPECT_EQ(keys(list("a?", 50)), (Keys{"a?/1"}));
    EXPECT_EQ(keys(list("a[b]", 50)), (Keys{"a[b]/1"}));
    EXPECT_EQ(keys(list("a\\", 50)), (Keys{"a\\/1"}));
    EXPECT_EQ(keys(list("{a}", 50)), (Keys{"{a}b/1"}));
}

TEST_P(BackingContract, AnyOctetsAndTheLongestKeysAndValues) {
    std::string octets;
    for (int octet = 0; octet < 256; ++octet)
        octets += static_cast<char>(octet);
    const std::string longest_key = "a/" + std::string(key_octets_max - 2, 'k');
    const std::string longest_value(value_octets_max, '\r');
    const std::string odd_key = std::string("o/\0\r\n\xff ", 7) + octets.substr(1, 200);
    ask_all(
        {put("a/octets", octets), put(longest_key, longest_value), put(odd_key, "odd"), put("a/empty", "")});
    EXPECT_EQ(one(get("a/octets")).value, octets);
    EXPECT_EQ(one(get(longest_key)).value, longest_value);
    EXPECT_EQ(one(get(odd_key)).value, "odd");
    EXPECT_TRUE(one(get("a/empty")).found);
    EXPECT_EQ(keys(list("o/", 50)), (Keys{odd_key}));
    EXPECT_EQ(keys(list(longest_key, 50)), (Keys{longest_key}));
}

TEST_P(BackingContract, SettlesWhatWasAsked) {
    bool performed = false;
    bool settled = false;
    backing_->perform({put("a/k", "v")}, [&](const std::optional<Outcomes>&) { performed = true; });
    backing_->settle([&](std::string_view why) { settled = why.empty(); });
    ASSERT_TRUE(turn_until(loop_, [&] { return settled; }));
    EXPECT_TRUE(performed);
}

TEST_P(BackingContract, NothingIsAnsweredAfterTheEnd) {
    int answers = 0;
    for (int i = 0; i < 10; ++i)
        backing_->perform({put("a/k", "v")}, [&](const std::optional<Outcomes>&) { ++answers; });
    backing_->settle([&](std::string_view) { ++answers; });
    const int before = answers;
    backing_.reset();
    for (int turn = 0; turn < 5; ++turn)
        loop_.turn(5ms);
    EXPECT_EQ(answers, before);
}

// ---- random operations, against the reference ------------------------------------------------------------

/// Terms are so long that nothing expires between one clock and the other.
Operation any_operation(std::mt19937& dice) {
    const auto roll = [&dice](unsigned below) { return static_cast<unsigned>(dice() % below); };
    const std::string key = "r/" + std::to_string(roll(12));
    const Seconds term{100'000 + roll(1000)};
    switch (roll(8)) {
        case 0:
            return put(key, std::string(roll(40), static_cast<char>('a' + roll(26))),
                       roll(2) == 0 ? 0s : term);
        case 1: return add(key, std::to_string(roll(1000)), term);
        case 2: return erase(key);
        case 3: return weigh(key, 0.25 * roll(9), 0.125 * roll(9), term);
        case 4: return weigh(key, 0, 0, term);
        case 5: return tally(key, {roll(3), roll(100), 0, roll(4'000'000'000), 0, 1}, term);
        case 6: return tally(key, {}, term);
        default: return get(key);
    }
}

void expect_alike(const Outcome& found, const Outcome& expected) {
    const auto about = [](double a, double b) { return std::abs(a - b) <= 1e-3 * (1 + std::abs(b)); };
    const auto near = [](Seconds a, Seconds b) { return std::abs((a - b).count()) <= 1; };
    EXPECT_EQ(found.found, expected.found);
    EXPECT_EQ(found.key, expected.key);
    EXPECT_EQ(found.value, expected.value);
    EXPECT_EQ(found.counts, expected.counts);
    EXPECT_TRUE(about(found.good, expected.good)) << found.good << " " << expected.good;
    EXPECT_TRUE(about(found.bad, expected.bad)) << found.bad << " " << expected.bad;
    EXPECT_TRUE(near(found.left, expected.left)) << found.left.count() << " " << expected.left.count();
}

TEST_P(BackingContract, DoesAsTheReferenceDoes) {
    Memory memory;
    ReferenceBacking reference(memory);
    for (unsigned seed = 1; seed <= 20; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937 dice(seed);  // NOLINT(cert-msc51-cpp): the same sequences each time
        for (int round = 0; round < 10; ++round) {
            Operations batch;
            for (std::size_t i = 1 + dice() % operations_max; i > 0; --i)
                batch.push_back(any_operation(dice));
            const Outcomes expected = ask(loop_, reference, batch);
            const Outcomes found = ask_all(batch);
            for (std::size_t i = 0; i < batch.size(); ++i) {
                SCOPED_TRACE("round " + std::to_string(round) + ", operation " + std::to_string(i));
                expect_alike(found[i], expected[i]);
                if (HasFailure()) return;
            }
        }
        const Outcomes expected = ask(loop_, reference, {list("r/", listed_max)});
        const Outcomes found = ask(loop_, *backing_, {list("r/", listed_max)});
        ASSERT_EQ(found.size(), expected.size());
        for (std::size_t i = 0; i < found.size(); ++i)
            expect_alike(found[i], expected[i]);
    }
}

std::string name_of(const testing::TestParamInfo<BackingKind>& info) {
    return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(Reference, BackingContract,
                         testing::Values(BackingKind{"Reference",
                                                     []() -> std::unique_ptr<BackingHarness> {
                                                         return std::make_unique<ReferenceHarness>();
                                                     }}),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Local, BackingContract,
                         testing::Values(BackingKind{"Local",
                                                     []() -> std::unique_ptr<BackingHarness> {
                                                         return std::make_unique<LocalHarness>();
                                                     }}),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Redis, BackingContract,
                         testing::Values(BackingKind{"Redis", make_redis_harness},
                                         BackingKind{"RedisCluster", make_redis_cluster_harness}),
                         name_of);

}  // namespace
}  // namespace sluice::store
