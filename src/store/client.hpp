// A worker's connection to the store process: the port of state.hpp over a Unix-domain socket.
//
// It reconnects by itself. While the store process is away, questions are answered with nothing; when it is
// back, live counts must be held anew. A store process that is slow is asked only once a second until it
// answers in time again, so that no session waits in vain.
//
// A store process that makes room for another, at a reload or an upgrade, says so. From then on everything
// new goes to the new process, outstanding answers are still read from the old one, and the change is not
// reported as trouble.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/metrics.hpp"
#include "net/fd.hpp"
#include "net/loop.hpp"
#include "store/state.hpp"

namespace sluice::store {

class StateClient final : public State, net::IoHandler, net::Timer {
  public:
    struct Options {
        std::string path;      // of the store process's socket
        Millis deadline{100};  // of a question
        /// The time for which news that no session waits for may be held back: they are sent at once together
        /// with a question. A store process woken for each piece of news would do little else.
        Millis gather{2};
        /// The bound on octets that wait to be sent; beyond it news are dropped and questions answered with
        /// nothing.
        std::size_t unsent_octets_max = 4'000'000;
        Metrics& metrics = unread_metrics();  // outlives the client
    };
    struct Listener {
        /// Gets "store_down", "store_slow" or "store_up", once each, and the reason.
        std::function<void(std::string_view what, std::string_view why)> told;
        /// The connection is a new one, on which no live count is held.
        std::function<void()> hold_again;
        /// An operator's act may have changed: the acts are to be read again.
        std::function<void()> acts_changed;
    };

    StateClient(net::Loop& loop, const Options& options, Listener listener);
    StateClient(const StateClient&) = delete;
    StateClient& operator=(const StateClient&) = delete;
    /// Drops the questions that wait. News that are held back are sent, as far as there is room for them.
    ~StateClient() override;

    void ask(Question& question, std::span<const Operation> operations) override;
    void tell(std::span<const Operation> operations) override;

    bool up() const { return socket_.get() >= 0; }
    /// The number of questions that were answered with nothing, since the start.
    std::uint64_t unanswered() const { return unanswered_; }
    /// The reason why the store process refused the last question that it answered; empty = it did not.
    const std::string& refusal() const { return refusal_; }

  private:
    enum class Trouble : std::uint8_t { none, slow, down };
    class Leaving;

    struct Wait {
        Question* question;    // null = answered or withdrawn
        std::uint32_t number;  // 0 = no answer can come: it was not sent, or its connection is lost
        Instant deadline;
    };

    void on_io(std::uint32_t events) override;
    void on_timer() override;
    void withdrawn(Question& question) override;

    void connect();
    void lose(std::string_view why);
    void send_later();
    void send_soon();
    void send();
    void receive();
    /// False: the octets are not responses. A partial response is left in `received`.
    bool take_responses(std::string& received);
    void go_over();
    void has_left();
    Wait* find(std::uint32_t number);
    void remove(Wait& wait);
    void answer(Wait& wait, const Outcomes* outcomes);
    void answer_all_with_nothing();
    void notice(Trouble trouble, std::string_view why);
    void tell_trouble();
    bool changing() const { return changing_ && loop_.now() < quiet_until_; }
    bool worth_asking() const;
    void arm_timer();

    net::Loop& loop_;
    const Options options_;
    Listener listener_;
    net::Fd socket_;
    std::string unsent_;
    std::string received_;
    bool sending_ = false;  // send() runs at the end of this turn
    bool room_ = true;      // in the socket
    Trouble trouble_ = Trouble::none;
    Trouble told_ = Trouble::none;  // what the listener was told
    std::string why_;               // the reason for the trouble
    bool sent_away_ = false;        // set by the responses just received
    bool changing_ = false;         // another process has taken over, and has not answered yet
    Instant quiet_until_{};         // trouble until then belongs to the change
    std::unique_ptr<Leaving> leaving_;
    Instant probed_at_;       // the last probe while it is slow
    std::deque<Wait> waits_;  // earliest deadline first
    std::uint32_t next_number_ = 2;
    Instant connect_at_;              // while not connected
    std::optional<Instant> send_by_;  // while news are held back
    std::uint64_t acts_version_ = 0;
    std::uint64_t unanswered_ = 0;
    std::string refusal_;
    const std::shared_ptr<char> alive_ = std::make_shared<char>();  // deferred calls may outlive this object
};

}  // namespace sluice::store
