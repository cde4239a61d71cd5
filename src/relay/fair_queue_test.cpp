#include "relay/fair_queue.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "relay/client_network.hpp"

namespace sluice::relay {
namespace {

constexpr bool fast = true;
constexpr bool slow = false;

class Work final : public Job {
  public:
    Work(std::string_view address, std::string label, bool lane, bool message) : name(std::move(label)) {
        identity.address = IpAddress::parse(address).value();
        fast_lane = lane;
        delivery = message;
    }
    const smtp::ClientIdentity& client() const override { return identity; }
    void begin(Connection&) override {}
    void reached(Connection&, smtp::Dialogue::Outcome) override {}
    void failed(const Failure&) override {}

    smtp::ClientIdentity identity;
    std::string name;
};

class FairQueueTest : public testing::Test {
  protected:
    Work& check(std::string_view address, std::string name, bool lane = fast) {
        return add(address, std::move(name), lane, false);
    }
    Work& message(std::string_view address, std::string name, bool lane = fast) {
        return add(address, std::move(name), lane, true);
    }

    Job* first() const {
        Job* found = nullptr;
        queue->each([&](Job& job) {
            found = &job;
            return FairQueue::Visit::stop;
        });
        return found;
    }
    /// Gives the next job a connection and returns its name; "" = no job may have one.
    std::string serve() {
        Job* const job = first();
        if (job == nullptr) return "";
        queue->take_hold(*job);
        queue->remove(*job);
        return static_cast<Work*>(job)->name;
    }
    /// Serves as many jobs as may have a connection, one after the other.
    std::string serve_all() {
        std::string all;
        for (std::string next = serve(); !next.empty(); next = serve())
            all += next + ' ';
        return all;
    }
    /// Serves the jobs one after the other, and takes each connection back at once.
    std::string serve_quickly() {
        std::string all;
        while (Job* const job = first()) {
            all += serve() + ' ';
            queue->let_go(*job);
        }
        return all;
    }

    std::unique_ptr<FairQueue> queue = std::make_unique<FairQueue>(8);
    std::vector<std::unique_ptr<Work>> works;

  private:
    Work& add(std::string_view address, std::string name, bool lane, bool message) {
        works.push_back(std::make_unique<Work>(address, std::move(name), lane, message));
        queue->push_back(*works.back());
        return *works.back();
    }
};

TEST(ClientNetwork, IsAnIpv4Slash24OrAnIpv6Slash64) {
    const auto network = [](std::string_view text) {
        return network_of(IpAddress::parse(text).value()).to_string();
    };
    EXPECT_EQ(network("192.0.2.255"), "192.0.2.0");
    EXPECT_EQ(network("192.0.3.0"), "192.0.3.0");
    EXPECT_EQ(network("2001:db8:1:2:ffff::1"), "2001:db8:1:2::");
    EXPECT_EQ(network("2001:db8:1:3::1"), "2001:db8:1:3::");
}

TEST(FairShare, IsAQuarterAndOneAtLeast) {
    struct Row {
        unsigned connections, questions, messages;
    };
    for (const Row& row :
         {Row{1, 1, 1}, {2, 1, 2}, {3, 1, 3}, {4, 1, 3}, {7, 1, 6}, {8, 2, 6}, {20, 5, 15}, {21, 5, 16}}) {
        EXPECT_EQ(FairQueue::share_of(row.connections), row.questions) << row.connections;
        FairQueue queue(row.connections);
        std::vector<std::unique_ptr<Work>> works;
        const auto served = [&](bool message) {
            unsigned count = 0;
            for (unsigned i = 0; i < 30; ++i) {
                works.push_back(std::make_unique<Work>("192.0.2.1", "", fast, message));
                queue.push_back(*works.back());
            }
            for (;;) {
                Job* next = nullptr;
                queue.each([&](Job& job) {
                    next = &job;
                    return FairQueue::Visit::stop;
                });
                if (next == nullptr) return count;
                queue.take_hold(*next);
                queue.remove(*next);
                ++count;
            }
        };
        EXPECT_EQ(served(false), row.questions) << row.connections;
        EXPECT_EQ(row.questions + served(true), row.messages) << row.connections;
    }
}

TEST_F(FairQueueTest, OneNetworkAfterTheOther) {
    for (const char* name : {"a1", "a2", "a3"})
        check("192.0.2.1", name);
    check("198.51.100.1", "b1");
    check("198.51.100.2", "b2");  // of the same network
    check("2001:db8::1", "c1");
    EXPECT_EQ(serve_quickly(), "a1 b1 c1 a2 b2 a3 ");
    EXPECT_EQ(queue->clients(), 0U);
    EXPECT_EQ(queue->size(), 0U);
}

TEST_F(FairQueueTest, TheFastLaneFirst) {
    check("192.0.2.1", "s1", slow);
    check("192.0.2.1", "f1", fast);
    check("198.51.100.1", "s2", slow);
    check("203.0.113.1", "f2", fast);
    EXPECT_EQ(serve_quickly(), "f1 f2 s1 s2 ");
}

TEST_F(FairQueueTest, WhatIsHeldInOneLaneCountsInTheOther) {
    for (const char* name : {"f1", "f2", "f3"})
        check("192.0.2.1", name, fast);
    check("192.0.2.1", "s1", slow);
    check("198.51.100.1", "other", slow);
    EXPECT_EQ(serve_all(), "f1 f2 other ");
}

TEST_F(FairQueueTest, QuestionsKeepToTheShareAlsoWhenNobodyElseWaits) {
    Work& held = check("192.0.2.1", "q1");
    for (const char* name : {"q2", "q3", "q4"})
        check("192.0.2.2", name);
    EXPECT_EQ(serve_all(), "q1 q2 ");
    EXPECT_EQ(queue->size(), 2U);
    queue->let_go(held);
    EXPECT_EQ(serve_all(), "q3 ");
}

TEST_F(FairQueueTest, MessagesGoBeyondItWhenNobodyWithinHisShareWaits) {
    for (const char* name : {"m1", "m2", "m3", "m4", "m5", "m6", "m7"})
        message("192.0.2.1", name);
    for (const char* name : {"m1", "m2", "m3"})
        EXPECT_EQ(serve(), name);
    message("198.51.100.1", "n1");
    check("203.0.113.1", "q1");
    EXPECT_EQ(serve_all(), "n1 q1 m4 m5 m6 ");  // two of eight are kept for others
}

TEST_F(FairQueueTest, AMessageNeedNotWaitBehindQuestionsOfItsOwnClient) {
    for (const char* name : {"q1", "q2", "q3", "q4"})
        check("192.0.2.1", name);
    EXPECT_EQ(serve_all(), "q1 q2 ");
    message("192.0.2.1", "m1");
    EXPECT_EQ(serve_all(), "m1 ");
}

TEST_F(FairQueueTest, WhatHasAConnectionPromisedCountsAndMayTakeAnother) {
    queue = std::make_unique<FairQueue>(4);
    Work& one = check("192.0.2.1", "q1");
    check("192.0.2.1", "q2");
    queue->take_hold(one);  // a connection is being opened for it
    EXPECT_EQ(first(), &one);
    EXPECT_EQ(serve(), "q1");
    EXPECT_EQ(serve(), "");
    queue->let_go(one);
    EXPECT_EQ(serve(), "q2");
}

TEST_F(FairQueueTest, APromiseMayBeBroken) {
    queue = std::make_unique<FairQueue>(4);
    Work& one = check("192.0.2.1", "q1");
    Work& two = check("192.0.2.1", "q2");
    queue->take_hold(one);
    queue->let_go(one);
    EXPECT_EQ(serve(), "q1");
    queue->let_go(one);
    queue->take_hold(two);
    queue->remove(two);
    queue->let_go(two);
    EXPECT_EQ(queue->clients(), 0U);
    queue->push_front(two);
    EXPECT_EQ(serve(), "q2");
}

TEST_F(FairQueueTest, ASecondTryComesFirst) {
    Work& again = check("192.0.2.1", "again");
    EXPECT_EQ(serve(), "again");
    check("192.0.2.1", "q1");
    queue->let_go(again);
    queue->push_front(again);
    EXPECT_EQ(queue->arrivals(fast).front(), &again);
    EXPECT_EQ(serve_all(), "again q1 ");
}

TEST_F(FairQueueTest, ArrivalsAreInOrderWhateverTheTurns) {
    check("192.0.2.1", "a1");
    Work& second = check("198.51.100.1", "b1");
    check("192.0.2.1", "a2");
    EXPECT_EQ(serve(), "a1");
    EXPECT_EQ(queue->arrivals(fast).front(), &second);
    queue->remove(second);
    EXPECT_EQ(serve_all(), "a2 ");
}

TEST_F(FairQueueTest, TwentyThousandNetworksAreServedInTurnEachAtTheSameCost) {
    constexpr unsigned networks = 20'000;
    works.reserve(2 * networks);
    for (int round = 0; round < 2; ++round) {
        for (unsigned n = 0; n < networks; ++n)
            check("10." + std::to_string(n / 200) + "." + std::to_string(n % 200) + ".1", std::to_string(n));
    }
    EXPECT_EQ(queue->clients(), networks);
    unsigned looked_at = 0;
    for (unsigned n = 0; n < 2 * networks; ++n) {
        Job* next = nullptr;
        queue->each([&](Job& job) {
            ++looked_at;
            next = &job;
            return FairQueue::Visit::stop;
        });
        ASSERT_NE(next, nullptr);
        ASSERT_EQ(static_cast<Work*>(next)->name, std::to_string(n % networks));
        queue->take_hold(*next);
        queue->remove(*next);
        queue->let_go(*next);
    }
    EXPECT_EQ(looked_at, 2 * networks);
    EXPECT_EQ(queue->clients(), 0U);
}

}  // namespace
}  // namespace sluice::relay
