// One client session: the thin driver between a socket, the SMTP state machine, the pace of its lane and the
// backend.
//
// It decides nothing about SMTP (smtp::Server does) or lanes (policy does). It owns the socket, moves octets
// when readiness and the pace both allow it, and waits for at most one thing at a time: the header of a
// proxy, admission, a TLS handshake, an answer of the backend, or the disk. While it waits it reads nothing,
// so a client can make us hold no more than its socket buffer holds.
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

#include "front/admission.hpp"
#include "front/context.hpp"
#include "front/health_check.hpp"
#include "front/held_sessions.hpp"
#include "front/record.hpp"
#include "net/loop.hpp"
#include "net/socket.hpp"
#include "net/tls.hpp"
#include "policy/departure.hpp"
#include "policy/greylist.hpp"
#include "policy/networks.hpp"
#include "policy/pacing.hpp"
#include "policy/past.hpp"
#include "policy/place.hpp"
#include "policy/signal_catalogue.hpp"
#include "policy/verdict.hpp"
#include "smtp/server.hpp"

namespace sluice::front {

struct Authentication;
struct ToldLetter;
struct Transaction;
struct UntoldDelivery;

class Session final : public net::IoHandler, public net::Timer {
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

    const IpAddress& client() const { return peer_.address; }
    /// Whether Context::has_room_for() has counted this client's address.
    bool counted() const { return counted_; }

    // Called by the questions of the transaction.
    void recipient_answered(const smtp::Answer& answer);
    void delivery_answered(const smtp::Answer& answer);
    void auth_answered(const smtp::Answer& answer);

    Session* previous = nullptr;  // Front's list of sessions
    Session* next = nullptr;

  private:
    /// The operator's decision on a client, which decides the lane alone: an act since the start, or the
    /// configuration.
    struct Listed {
        policy::Lane lane;
        policy::Signal signal;  // for the log
    };

    enum class Waiting : std::uint8_t {
        nothing,
        proxy_header,
        memory,
        admission,
        pregreet,
        handshake,
        authentication,
        inquiry,  // DNS about the HELO name, before a recipient
        recipient,
        disk,
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

    // session_memory.cpp: the memory that all sessions share
    void recall();
    void recalled(const policy::Past* past, bool untold);
    void depart();
    policy::Place place() const;
    policy::Conduct conduct() const;
    policy::Leaving leaving() const;
    bool to_be_greylisted() const;
    void ask_greylist();
    policy::GreylistName greylist_name() const;
    void greylist_found(const policy::GreylistFacts* facts);
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

    // session_admission.cpp: the client, its findings and its lane
    bool behind_proxy() const;
    void take_proxy_header();
    void introduce();
    void look_up();
    void admitted(Admission::Findings& found);
    bool is_known() const;
    bool is_trusted() const;
    bool named_good() const;
    bool turned_away();
    void wait_for_early_talkers();
    bool pregreet_over();
    void note(policy::Signal signal);
    void notice(policy::SignalId id, std::string value = {});
    void notice_oddities();
    void forget_signal(std::string_view name, std::string_view what = {});
    void judge_hello();
    void ask_about_hello();
    void hello_found(net::DnsAnswer::Status status);
    Admission::Findings& findings();
    std::span<const policy::Signal> signals() const;
    std::string_view name() const;
    std::optional<Listed> listed() const;
    void greet();
    void say_greeting(const smtp::Reply& greeting);
    bool tls_to_spare();
    policy::Verdict verdict() const;
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
    void note_recipient();
    void note_unknown_recipient();
    void ask_data();
    void put_off();
    void keep_content();
    void message_complete();
    void content_settled();
    void deliver();
    void judge_delivery(const smtp::Answer& answer);
    void transaction_ended(std::string_view outcome, const smtp::Answer* answer);
    void reach(Stage stage);
    void log_session();
    std::string_view bot() const;
    Outcome outcome() const;
    SessionFacts facts_for_log() const;
    std::uint32_t age_ms() const;

    // Very many sessions are held at once, so members that only some of them need are pointers, and times are
    // kept as the session's age in milliseconds (a session lives for hours at most).
    Context& context_;
    net::Fd fd_;
    Waiting waiting_ = Waiting::nothing;
    bool can_read_ : 1 = false;
    bool can_write_ : 1 = true;
    bool peer_closed_ : 1 = false;  // EPOLLRDHUP: the client sends no more
    bool closing_ : 1 = false;      // send what is pending, then close
    bool lingering_ : 1 = false;    // we send no more; reading on, lest a reset overtake the last reply
    bool window_wide_ : 1 = false;
    bool held_ : 1 = false;       // by the pace, until held_until_ms_
    bool forwarded_ : 1 = false;  // XCLIENT has named another client (`sluice sink`)
    bool counted_ : 1 = false;
    bool tls_first_ : 1;
    bool ended_ : 1 = false;
    bool joined_ : 1 = false;        // counted in the shared memory
    bool remembered_ : 1 = false;    // the memory knows it as welcome
    bool unjudged_ : 1 = false;      // signals have come since the last verdict
    bool content_slow_ : 1 = false;  // sure to be bad: its content is read at a pace, too
    bool excused_ : 1 = false;       // it heard a 4yz, or a cached 250: that it leaves proves nothing
    bool broken_ : 1 = false;        // the connection is: the client hears nothing more
    bool untold_near_ : 1 = false;   // the memory may know letters of its network that were delivered untold
    bool unheard_ : 1 = false;       // the 250 to its last message did not reach it
    policy::Lane lane_ : 2 = policy::Lane::fast;
    HealthCheck health_check_ : 3 = HealthCheck::none;
    net::Endpoint peer_;
    std::uint32_t number_;
    Instant started_;
    std::uint32_t progress_ms_ = 0;  // time of the last octet of content, or of the last whole command
    std::uint32_t left_ms_ = 0;      // time at which the client closed; 0 = it has not
    std::uint32_t held_until_ms_ = 0;
    std::uint32_t asked_ms_ = 0;  // time from which the client waits for its next reply
    SessionRecord record_;
    policy::Pace pace_;
    smtp::Server server_;
    std::unique_ptr<std::string> backlog_;  // read and not yet consumed: part of a command; null = nothing
    std::string_view sending_;              // the output to be written next
    std::unique_ptr<std::string> unsent_;   // holds the octets of sending_ between turns of the loop
    std::unique_ptr<Admission::Findings> found_;      // null = nothing
    std::unique_ptr<Inquiry> inquiry_;                // admission, the HELO name, or a question to the memory
    std::unique_ptr<Authentication> authentication_;  // null = no AUTH yet, or it has failed
    std::unique_ptr<Transaction> transaction_;
    std::unique_ptr<ToldLetter> told_;  // null = none, or its 250 was heard
    net::TlsStream tls_;
};

static_assert(sizeof(Session) <= 424, "very many sessions are held at once");

}  // namespace sluice::front
