// The greeting in two lines, for clients that nobody knows.
#include "front/testing/front_fixture.hpp"
#include "judge/testing/scripted_store.hpp"

namespace sluice::front {
namespace {

using testing::HasSubstr;
using testing::Not;

class PregreetTest : public FrontTest {
  protected:
    PregreetTest() {
        state = &store;
        options.policy.signals.weight(policy::SignalId::pregreet) = 10;
        options.policy.resolve_names = false;
        options.policy.pregreet_wait = Millis{60};
    }
    ~PregreetTest() override { front.reset(); }

    /// Lets the store answer that it knows nothing of the client.
    void answer_question() {
        turn_until([&] { return !store.waiting.empty(); });
        store.answer_all();
    }

    judge::ScriptedStore store;
};

TEST_F(PregreetTest, TheSecondLineComesAfterAPause) {
    start();
    const auto client = connect_from_afar();
    answer_question();
    read_to(client.get(), "220-mx.test ESMTP\r\n");
    read_to(client.get(), "220 mx.test ESMTP\r\n");
    send(client.get(), "QUIT\r\n");
    read_to(client.get(), "Bye\r\n");
    turn_until([&] { return front->sessions() == 0; });
    EXPECT_THAT(log_text(), Not(HasSubstr("pregreet")));
}

TEST_F(PregreetTest, AClientThatSpeaksInThePauseIsNoticed) {
    start();
    auto client = connect_from_afar();
    send(client.get(), "EHLO c\r\nQUIT\r\n");
    answer_question();
    read_to(client.get(), "Bye\r\n");
    client.reset();  // else a slow session would linger for as long as the test has patience
    turn_until([&] { return front->sessions() == 0; });
    EXPECT_THAT(log_text(), HasSubstr(R"({"signal":"pregreet","weight":10})"));
}

TEST_F(PregreetTest, AClientThatLeavesInThePauseIsForgotten) {
    start();
    {
        const auto client = connect_from_afar();
        answer_question();
        read_to(client.get(), "220-mx.test ESMTP\r\n");
    }
    turn_until([&] { return front->sessions() == 0; });
}

}  // namespace
}  // namespace sluice::front
