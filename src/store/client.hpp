// A worker's connection to the store process: the port of state.hpp over a Unix-domain socket.
//
// It comes and goes by itself: while the store process is away questions are answered with nothing, and when
// it is back whoever holds live counts is to hold them anew. One that is slow is asked once a second until it
// answers in time again: no session is to wait for what will not come.
//
// A store process that makes room for another, at a reload or an upgrade, says so. Then everything new goes
// to that one, what was asked is still heard from the first, and nothing of it is trouble.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

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
        /// How long news that nobody waits for may be kept back: with a question they go at once. A process
        /// that is woken for each of them does little else.
        Millis gather{2};
        /// Octets that wait to be sent; beyond them news are dropped and questions answered with nothing.
        std::size_t unsent_octets_max = 4'000'000;
        Metrics& metrics = unread_metrics();  // outlives the client
    };
    struct Listener {
        /// "store_down", "store_slow" or "store_up", once each, and why.
        std::function<void(std::string_view what, std::string_view why)> told;
        /// It is another connection: nothing is held there.
        std::function<void()> hold_again;
        /// An act of the operator's may be another: they are to be asked for anew.
        std::function<void()> acts_changed;
    };

    StateClient(net::Loop& loop, const Options& options, Listener listener);
    StateClient(const StateClient&) = delete;
    StateClient& operator=(const StateClient&) = delete;
    /// Nothing may wait any more. News that are kept back go, as far as there is room for them.
    ~StateClient() override;

    void ask(Question& question, std::span<const Operation> operations) override;
    void tell(std::span<const Operation> operations) override;

    bool up() const { return socket_.get() >= 0; }
    /// Questions that were answered with nothing, since the start.
    std::uint64_t unanswered() const { return unanswered_; }
    /// Why the store process has refused the last question that it answered; empty = it did not.
    const std::string& refusal() const { return refusal_; }

  private:
    enum class Trouble : std::uint8_t { none, slow, down };
    class Leaving;

    void on_io(std::uint32_t events) override;
    void on_timer() override;
    void withdraw(Question& question) override;

    void connect();
    void lose(std::string_view why);
    void send_later();
    void send_soon();
    void send();
    void receive();
    /// False: these are none. What is left of `received` is a part of one.
    bool take_responses(std::string& received);
    void go_over();
    void has_left();
    void remove(Question& question);
    void answer(Question& question, const Outcomes* outcomes);
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
    bool sending_ = false;  // at the end of this turn
    bool room_ = true;      // in the socket
    Trouble trouble_ = Trouble::none;
    Trouble told_ = Trouble::none;  // what the listener has heard
    std::string why_;               // there is trouble
    bool sent_away_ = false;        // by what has just been received
    bool changing_ = false;         // another has taken over, and has not answered yet
    Instant quiet_until_{};         // what goes wrong until then belongs to the change
    std::unique_ptr<Leaving> leaving_;
    Instant probed_at_;            // while it is slow
    std::deque<Question*> waits_;  // the earliest deadline first; null = answered or withdrawn
    std::unordered_map<std::uint32_t, Question*> asked_;
    std::uint32_t next_number_ = 2;
    Instant connect_at_;              // while it is not connected
    std::optional<Instant> send_by_;  // while news are kept back
    std::uint64_t acts_version_ = 0;
    std::uint64_t unanswered_ = 0;
    std::string refusal_;
    const std::shared_ptr<char> alive_ = std::make_shared<char>();  // what is put off may outlive this
};

}  // namespace sluice::store
