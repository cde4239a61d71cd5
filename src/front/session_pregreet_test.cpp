// The greeting in two lines, for clients that nobody knows.
#include <netinet/in.h>
#include <sys/socket.h>

#include "front/testing/front_fixture.hpp"

namespace sluice::front {
namespace {

using testing::HasSubstr;
using testing::Not;

/// A store that knows nothing of anybody.
class EmptyStore final : public store::State {
  public:
    void ask(Question& question, std::span<const store::Operation> /*operations*/) override {
        take(question);
        asked_.push_back(&question);
    }
    void tell(std::span<const store::Operation> /*operations*/) override {}

    /// Answers the questions that wait. True: some have been answered, now or before.
    bool answer_all() {
        for (Question* question : std::exchange(asked_, {})) {
            answer(*question, nullptr);
            has_answered_ = true;
        }
        return has_answered_;
    }

  private:
    void withdrawn(Question& question) override { std::erase(asked_, &question); }

    std::vector<Question*> asked_;
    bool has_answered_ = false;
};

class PregreetTest : public FrontTest {
  protected:
    PregreetTest() {
        state = &store;
        options.policy.signals.weight(policy::SignalId::pregreet) = 10;
        options.policy.resolve_names = false;
        options.policy.pregreet_wait = Millis{60};
    }
    ~PregreetTest() override { front.reset(); }

    /// Connects from an address that is a stranger's, which 127.0.0.1 is not.
    net::Fd connect_as_stranger() {
        net::Fd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        sockaddr_in from{
            .sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(0x7f004d01)}, .sin_zero = {}};
        sockaddr_in to{.sin_family = AF_INET,
                       .sin_port = htons(net::local_endpoint(listener.get()).port),
                       .sin_addr = {htonl(INADDR_LOOPBACK)},
                       .sin_zero = {}};
        const auto* const address = reinterpret_cast<const sockaddr*>(&from);
        EXPECT_EQ(::bind(client.get(), address, sizeof from), 0);
        (void)::connect(client.get(), reinterpret_cast<const sockaddr*>(&to),
                        sizeof to);  // in the background
        return client;
    }

    EmptyStore store;
};

TEST_F(PregreetTest, TheSecondLineComesAfterAPause) {
    start();
    const auto client = connect_as_stranger();
    turn_until([&] { return store.answer_all(); });
    read_to(client.get(), "220-mx.test ESMTP\r\n");
    read_to(client.get(), "220 mx.test ESMTP\r\n");
    send(client.get(), "QUIT\r\n");
    read_to(client.get(), "Bye\r\n");
    turn_until([&] { return front->sessions() == 0; });
    EXPECT_THAT(log_text(), Not(HasSubstr("pregreet")));
}

TEST_F(PregreetTest, AClientThatSpeaksInThePauseIsNoticed) {
    start();
    auto client = connect_as_stranger();
    send(client.get(), "EHLO c\r\nQUIT\r\n");
    turn_until([&] { return store.answer_all(); });
    read_to(client.get(), "Bye\r\n");
    client.reset();  // else a slow session would linger for as long as the test has patience
    turn_until([&] { return front->sessions() == 0; });
    EXPECT_THAT(log_text(), HasSubstr(R"({"signal":"pregreet","weight":10})"));
}

TEST_F(PregreetTest, AClientThatLeavesInThePauseIsForgotten) {
    start();
    {
        const auto client = connect_as_stranger();
        turn_until([&] { return store.answer_all(); });
        read_to(client.get(), "220-mx.test ESMTP\r\n");
    }
    turn_until([&] { return front->sessions() == 0; });
}

}  // namespace
}  // namespace sluice::front
