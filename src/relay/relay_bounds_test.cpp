// For how long the relay waits and keeps what it need not. The timers are told that the time has passed.

#include "relay/testing/relay_fixture.hpp"

namespace sluice::relay {
namespace {

class RelayBounds : public RelayTest {
  protected:
    /// Up to a moment before `time` has passed since the last turn, and then a moment more.
    void almost(Millis time) { loop.timers().advance(loop.now() + time - Millis{1}); }
    void fully(Millis time) { loop.timers().advance(loop.now() + time + net::TimerWheel::tick - Millis{1}); }
};

TEST_F(RelayBounds, QuestionsOfOneClientWaitForCompany) {
    constexpr Millis limit{8};         // company_wait_max
    options.pool.connections_max = 1;  // whoever waits no more for company waits for this one
    mta.script = at("RCPT", ScriptedMta::hang);
    start_and_reach();
    Ask first(1, "a@example.net");
    EXPECT_FALSE(relay->verify(first).has_value());
    ASSERT_TRUE(run_until([&] { return mta.count("RCPT") == 1; }));
    Ask second(1, "b@example.net");
    EXPECT_FALSE(relay->verify(second).has_value());
    almost(limit);
    EXPECT_EQ(relay->counts().waiting, 0U);
    fully(limit);
    EXPECT_EQ(relay->counts().waiting, 1U);
}

TEST_F(RelayBounds, AConnectionOfOneClientIsSoonGivenBack) {
    constexpr Seconds limit{5};  // tied_idle_max
    ASSERT_GT(options.pool.idle_max, limit);
    mta.xclient_for_all = false;
    start_and_reach();
    EXPECT_EQ(ask(1, "a@example.net").reply.code, 250);
    almost(limit);
    EXPECT_EQ(relay->counts().idle, 1U);
    fully(limit);
    EXPECT_EQ(relay->counts().idle, 0U);
}

TEST_F(RelayBounds, AConnectionForAnybodyIsKeptForLonger) {
    start_and_reach();
    EXPECT_EQ(ask(1, "a@example.net").reply.code, 250);
    almost(options.pool.idle_max);
    EXPECT_EQ(relay->counts().idle, 1U);
    fully(options.pool.idle_max);
    EXPECT_EQ(relay->counts().idle, 0U);
}

}  // namespace
}  // namespace sluice::relay
