// The conduct that the store process bears from those who have connected to it, over real sockets.
#include "store/keeper.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

#include "net/local_socket.hpp"
#include "net/socket.hpp"
#include "store/client.hpp"
#include "store/message.hpp"
#include "store/testing/temporary_directory.hpp"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

/// Answers every list with what the test says; there are no acts.
class Recital final : public Backing {
  public:
    void perform(Operations batch, Done done) override {
        done(batch.front().key.starts_with("act/") ? Outcomes{} : outcomes);
    }
    void settle(Settled done) override { done(""); }

    Outcomes outcomes;
};

class KeeperTest : public testing::Test {
  protected:
    std::string path() const { return directory_.path() + "/store"; }
    net::Fd connect() { return *net::connect_to({.tcp = {}, .path = path()}); }

    template <class Condition>
    bool turn_until(Condition done) {
        loop_.turn(0ms);
        for (const Instant end = loop_.now() + 20s; !done(); loop_.turn(5ms))
            if (loop_.now() >= end) return false;
        return true;
    }
    /// Lets the keeper do whatever it would.
    void settle() {
        for (int turns = 0; turns < 5; ++turns)
            loop_.turn(0ms);
    }
    static bool closed(const net::Fd& client) {
        char octet = 0;
        return net::read_some(client.get(), &octet, 1) == 0;
    }

    TemporaryDirectory directory_;
    net::Loop loop_;
    net::Fd listener_ = net::listen_local(path(), 0600, 64).value();
    Recital recital_;
    Keeper keeper_{loop_,
                   listener_.get(),
                   recital_,
                   {.operator_user = ::geteuid(), .workers_user = ::geteuid(), .acts_every = 600'000ms},
                   [](std::string_view, std::string_view, std::string_view) {}};
};

std::size_t octets_of(const Outcomes& outcomes) {
    std::string answer;
    append_response(answer, {.number = 7, .done = true, .acts = 0, .outcomes = outcomes});
    return answer.size();
}

/// Operations that make an answer of so many octets.
Outcomes outcomes_of(std::size_t octets) {
    const Outcome one{.found = true, .value = std::string(1000, 'v')};
    const std::size_t each = octets_of({one}) - octets_of({});
    Outcomes outcomes((octets - octets_of({})) / each, one);
    outcomes.back().value += std::string(octets - octets_of(outcomes), 'v');
    EXPECT_EQ(octets_of(outcomes), octets);
    return outcomes;
}

TEST_F(KeeperTest, WhoReadsNoAnswerIsCut) {
    constexpr std::size_t unread_max = 16'000'000;  // unread_octets_max
    const net::Fd client = connect();
    ASSERT_TRUE(turn_until([&] { return keeper_.visitors() == 1; }));
    std::size_t answered = 0;
    const auto ask = [&](Outcomes outcomes) {
        answered += octets_of(outcomes);
        recital_.outcomes = std::move(outcomes);
        const Operation list{.verb = Verb::list, .key = "a", .amount = listed_max};
        std::string query;
        append_query(query, 7, std::span(&list, 1));
        ASSERT_EQ(net::write_some(client.get(), query.data(), query.size()), std::ssize(query));
        settle();
    };
    // Octets that the kernel has taken wait no longer in the keeper.
    const auto unsent = [&] { return answered - net::unread_octets(client.get()); };
    constexpr std::size_t large = 40'000;
    while (unsent() + 2 * large <= unread_max)
        ask(outcomes_of(large));
    ask(outcomes_of(unread_max - unsent()));
    ASSERT_EQ(unsent(), unread_max);
    EXPECT_EQ(keeper_.visitors(), 1U);
    ask({});
    EXPECT_EQ(keeper_.visitors(), 0U);
}

/// Descriptors enough for both ends of all visitors, where this process may have so many.
class ManyDescriptors {
  public:
    explicit ManyDescriptors(rlim_t wanted) {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        rlimit more = before_;
        more.rlim_cur = std::min(std::max(before_.rlim_cur, wanted), before_.rlim_max);
        ::setrlimit(RLIMIT_NOFILE, &more);
        enough = more.rlim_cur >= wanted;
    }
    ManyDescriptors(const ManyDescriptors&) = delete;
    ManyDescriptors& operator=(const ManyDescriptors&) = delete;
    ~ManyDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

    bool enough = false;

  private:
    rlimit before_{};
};

TEST_F(KeeperTest, SoManyMayVisitAtOnce) {
    constexpr std::size_t most = 4096;  // visitors_max
    const ManyDescriptors descriptors(2 * most + 100);
    if (!descriptors.enough) GTEST_SKIP() << "this process may not have so many descriptors";
    std::vector<net::Fd> clients;
    clients.reserve(most);
    while (clients.size() < most) {
        clients.push_back(connect());
        ASSERT_TRUE(turn_until([&] { return keeper_.visitors() == clients.size(); }));
    }
    const net::Fd one_more = connect();
    EXPECT_TRUE(turn_until([&] { return closed(one_more); }));
    EXPECT_EQ(keeper_.visitors(), most);
    clients.pop_back();
    ASSERT_TRUE(turn_until([&] { return keeper_.visitors() == most - 1; }));
    const net::Fd next = connect();
    EXPECT_TRUE(turn_until([&] { return keeper_.visitors() == most; }));
}

// ---- and what a worker gathers for it --------------------------------------------------------------------

TEST(StateClient, NewsAreGatheredUpToABound) {
    constexpr std::size_t gathered_max = 32'768;  // gathered_octets_max
    const TemporaryDirectory directory;
    const std::string path = directory.path() + "/store";
    const net::Fd listener = net::listen_local(path, 0600, 4).value();
    for (const std::size_t octets : {gathered_max - 1, gathered_max}) {
        net::Loop loop;
        StateClient client(loop, {.path = path, .gather = 600'000ms},
                           {.told = [](auto, auto) {}, .hold_again = [] {}, .acts_changed = [] {}});
        const net::LocalAccepted store = net::accept_local(listener.get());
        ASSERT_TRUE(store.fd);
        const auto received = [&] {
            std::string text(2 * gathered_max, '\0');
            const auto got = net::read_some(store.fd.get(), text.data(), text.size());
            return got > 0 ? static_cast<std::size_t>(got) : 0;
        };
        const auto settle = [&] {
            for (int turns = 0; turns < 5; ++turns)
                loop.turn(0ms);
        };
        settle();
        ASSERT_GT(received(), 0U) << "its first question";
        settle();  // the client hears that there is room
        Operation news{.verb = Verb::put, .key = "k"};
        std::string frame;
        append_query(frame, 0, std::span(&news, 1));
        const std::size_t least = frame.size();
        news.value.assign(octets - least, 'v');
        client.tell(std::span(&news, 1));
        settle();
        EXPECT_EQ(received(), octets < gathered_max ? 0 : octets);
        settle();
        news.value.clear();
        client.tell(std::span(&news, 1));
        settle();
        EXPECT_EQ(received(), octets < gathered_max ? octets + least : 0);
    }
}

}  // namespace
}  // namespace sluice::store
