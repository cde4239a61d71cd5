// One client session: the thin driver between a socket, the SMTP state machine, the pace of its lane and the
// backend.
//
// It decides nothing about SMTP (smtp::Server does) or about the client (judge::Case does). It owns the
// socket, moves octets when readiness and the pace both allow it, and waits for at most one thing at a time:
// the header of a proxy, the checks of a stage, a TLS handshake, an answer of the backend, or the disk. While
// it waits it reads nothing, so a client can make us hold no more than its socket buffer holds.
//
// Lifetime: made at accept; ends itself through Context::ended(), exactly once. Destroying it withdraws every
// question it has asked.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "front/context.hpp"
#include "front/health_check.hpp"
#include "front/held_sessions.hpp"
#include "front/record.hpp"
#include "judge/case.hpp"
#include "net/loop.hpp"
#include "net/socket.hpp"
#include "net/tls.hpp"
#include "policy/departure.hpp"
#include "policy/pacing.hpp"
#include "policy/past.hpp"
#include "policy/place.hpp"
#include "policy/verdict.hpp"
#include "smtp/server.hpp"

namespace sluice::front {

struct Aside;
struct Transaction;
struct UntoldDelivery;

class Session final : public net::IoHandler, public net::Timer, judge::Party {
  public:
    /// `tls_first`: the TLS handshake comes before the greeting (RFC 8314 3).
    Session(Context& context, net::Accepted accepted, std::uint32_t number, bool tls_first);
    ~Session() override;

    /// Finds out who the client is, judges it and greets it. False when the socket cannot be watched: the
    /// caller ends the session.
    [[nodiscard]] bool begin();
    /// Takes no new transaction, and answers 421 as soon as none is running.
    void drain();
    /// Ends the session now, whatever it is doing, because drain_max has passed.
    void abandon();

    /// Registers the session again with a memory that has forgotten it.
    void join_again();

    /// The session as `sluice sessions` shows it.
    HeldSession as_held() const;
    /// Applies the operator's acts, which have changed, to this client. True when the session was released
    /// from a hold.
    bool obey();

    const IpAddress& client() const override { return peer_.address; }
    /// Whether Context::has_room_for() has counted this client's address.
    bool counted() const { return counted_; }

    // Called by the questions of the transaction.
    void recipient_answered(const smtp::Answer& answer);
    void delivery_answered(const smtp::Answer& answer);
    void auth_answered(const smtp::Answer& answer);

    Session* previous = nullptr;  // Front's list of sessions
    Session* next = nullptr;

  private:
    enum class Waiting : std::uint8_t {
        nothing,
        proxy_header,
        checks,  // of the stage that the case has reached
        pregreet,
        handshake,
        authentication,
        recipient,
        disk,
        recall,  // whether the letter has been delivered before
        delivery
    };

    void on_io(std::uint32_t events) override;
    void on_timer() override;

    // session.cpp: octets in, octets out, time
    bool watch();
    void advance();
    bool speak(bool input_left);
    bool write_out();
    std::ptrdiff_t read_socket(void* buffer, std::size_t size);
    std::ptrdiff_t read_drop(char* buffer, std::size_t size);
    std::ptrdiff_t write_socket(const void* octets, std::size_t size);
    bool shake_hands();
    bool output_pending() const;
    void keep_output();
    bool hold_until(Instant instant);
    void come_back_at(Instant instant);
    std::size_t next_command();
    std::size_t next_drop();
    std::size_t peeked();
    bool fill(std::string_view& input);
    std::string_view backlog() const;
    void keep(std::string_view rest);
    void arm_timer();
    Instant idle_deadline() const;
    bool for_client() const;
    void time_out();
    bool say_the_rest();
    void close_down(bool input_left);
    void linger();
    void end();
    void widen_window();
    void wait_for_room();

    // session_memory.cpp: what the store is told
    void depart();
    policy::Place place() const;
    policy::Conduct conduct() const;
    policy::Leaving leaving() const;
    void refuse_for_now();

    // session_untold.cpp: clients that are gone before they hear what became of their message
    void client_gone();
    bool take_back();
    void note_under_way();
    /// The address that sends the mail: the client's, or that of the client it speaks for.
    const IpAddress& sender_address() const;
    bool is_gone() const { return peer_closed_ || broken_; }
    void hand_over();
    void pass_on();
    void found_before(const UntoldDelivery* before);
    void settle_delivery(const smtp::Reply& reply);
    void settle_told();
    void remember_untold(std::string_view letter, const UntoldDelivery& delivery);
    void forget_untold(std::string_view letter);
    std::string untold_key(std::string_view letter) const;

    // session_health.cpp: health checks
    void greet_health_check();
    Millis proxy_patience() const;
    bool greet_silent_check();
    void note_proxy_fault(ProxyFault fault);
    void refuse_proxy_header(ProxyFault fault);
    bool refuse_late_header(std::string_view first);
    void refuse_mail_of_check();
    void count_health_check();
    bool is_health_check() const { return health_check_ != HealthCheck::none; }

    // session_greeting.cpp: who the client is, until it is greeted
    bool behind_proxy() const;
    void take_proxy_header();
    void introduce();
    bool turned_away();
    void wait_for_early_talkers();
    void look_for_early_talk();
    void greet();
    void say_greeting(const smtp::Reply& greeting);
    bool tls_to_spare();

    // session_case.cpp: the checks of each stage, and the lane
    const judge::Sources& sources() const override { return context_.sources; }
    IpAddress reached() const override { return destination().address; }
    std::string_view helo() const override { return server_.helo(); }
    bool authenticated() const override { return server_.authenticated(); }
    const smtp::Envelope& envelope() const override { return server_.envelope(); }
    std::size_t recipients_refused() const override;
    const std::string& recipient() const override { return server_.recipient().address; }
    void stage_over(Stage stage) override;
    void check(Stage stage);
    void checked(Stage stage);
    bool is_greylisted() const;
    void notice_oddities();
    void note_unknown_recipient();
    policy::Lane judged_lane() const;
    bool observing() const;
    void judge();

    // session_operator.cpp: the operator and open sessions
    bool is_judged() const;
    bool refused_since() const;

    // session_identity.cpp: the client as the MTA sees it
    smtp::ClientIdentity identity() const;
    void tell_names(smtp::ClientIdentity& client) const;
    net::Endpoint destination() const;

    // session_steps.cpp: the steps of the state machine
    bool run(std::string_view& input);
    void take(smtp::Step step);
    void queue_reply();
    void ask_starttls();
    void ask_auth(smtp::Step step);
    smtp::Login* login() const;
    void ask_mail();
    void ask_recipient();
    smtp::Answer refusal_of_lane() const;
    void put_recipient();
    void judge_recipient(const smtp::Answer& answer);
    bool too_many_recipients() const;
    const smtp::Answer* turned_away_by_mta() const;
    void heed(const smtp::Answer& answer);
    void take_recipient();
    void begin_transaction();
    void ask_data();
    void begin_content();
    void put_off();
    void keep_content();
    void message_complete();
    void content_settled();
    void message_checked();
    void deliver();
    void judge_delivery(const smtp::Answer& answer);
    Aside& aside();

    // session_log.cpp: the log lines
    void transaction_ended(std::string_view outcome, const smtp::Answer* answer);
    void reach(Stage stage);
    std::uint32_t age_ms() const;
    void log_session();
    std::string_view bot() const;
    Outcome outcome() const;
    SessionFacts facts_for_log() const;

    // Very many sessions are held at once, so members that only some of them need are pointers, times are
    // kept as the session's age in milliseconds (a session lives for hours at most), and small members stand
    // in the padding of larger ones.
    Context& context_;
    [[no_unique_address]] judge::Case case_{*this};
    Waiting waiting_ : 4 = Waiting::nothing;
    bool can_read_ : 1 = false;
    bool can_write_ : 1 = true;
    bool peer_closed_ : 1 = false;  // EPOLLRDHUP: the client sends no more
    bool held_ : 1 = false;         // by the pace, until held_until_ms_
    net::Endpoint peer_;
    net::Fd fd_;
    std::uint32_t number_;
    Instant started_;
    std::uint32_t progress_ms_ = 0;  // time of the last octet of content, or of the last whole command
    std::uint32_t left_ms_ = 0;      // time at which the client closed; 0 = it has not
    std::uint32_t held_until_ms_ = 0;
    std::uint32_t asked_ms_ = 0;  // time from which the client waits for its next reply
    [[no_unique_address]] SessionRecord record_;
    bool closing_ : 1 = false;    // send what is pending, then close
    bool lingering_ : 1 = false;  // we send no more; reading on, lest a reset overtake the last reply
    bool window_wide_ : 1 = false;
    bool forwarded_ : 1 = false;  // XCLIENT has named another client (`sluice sink`)
    bool counted_ : 1 = false;
    bool tls_first_ : 1;
    bool ended_ : 1 = false;
    bool content_slow_ : 1 = false;  // sure to be bad: its content is read at a pace, too
    bool broken_ : 1 = false;        // the connection is: the client hears nothing more
    policy::Lane lane_ : 2 = policy::Lane::fast;
    HealthCheck health_check_ : 3 = HealthCheck::none;
    policy::Pace pace_;
    smtp::Server server_;
    std::unique_ptr<std::string> backlog_;  // read and not yet consumed: part of a command; null = nothing
    std::string_view sending_;              // the output to be written next
    std::unique_ptr<std::string> unsent_;   // holds the octets of sending_ between turns of the loop
    std::unique_ptr<Aside> aside_;          // null = nothing
    std::unique_ptr<Transaction> transaction_;
    net::TlsStream tls_;
};

static_assert(sizeof(Session) <= 424, "very many sessions are held at once");

}  // namespace sluice::front
