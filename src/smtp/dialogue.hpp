// Our side of a conversation with an MTA, as a pure state machine: tasks and the octets of replies go in, the
// octets of commands and outcomes come out. No socket, no clock, no retries.
//
//     driver                              Dialogue
//       │ open(…), introduce(…),            │
//       │ ask(…), deliver(…)  ────────────► │  output() has commands to send
//       │ receive(octets)     ────────────► │  Outcome::none          send output(), read on
//       │                                   │  Outcome::verified …    the task is over: reply()
//       │ lost()              ────────────► │  what had been decided before the connection died
//
// With STARTTLS the driver gets Outcome::start_tls on the way to Outcome::opened, shakes hands, and calls
// secured(). What the MTA offered before is then forgotten (RFC 3207 4.2), and any plaintext that it sent
// behind its 220 finishes the connection (CVE-2011-0411).
//
// There is one task at a time. An MTA that sends anything out of turn is finished (usable() is false): the
// driver must destroy the connection, because nobody knows any more which reply belongs to which command.
//
// XCLIENT is never sent together with anything else, and any reply to it but 220 finishes the connection:
// attributes before the refused one have taken effect, so it is not known whose identity is in force.
//
// The dialogue is idle only after a reply that makes it so: 250 to EHLO, to RSET or to the dot. After a
// refusal at the dot an MTA may keep the transaction open (Postfix does, if a restriction at the end of the
// data refuses), so RSET follows each final reply but 2yz. An MTA that still answers 503 to MAIL has a
// transaction that we know nothing of, and its connection is finished.
//
// Content does not pass through here: the driver sends it, dots stuffed, and the final dot, between
// Outcome::content and content_sent().
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "smtp/ehlo_reply.hpp"
#include "smtp/envelope.hpp"
#include "smtp/reply.hpp"
#include "smtp/reply_parser.hpp"

namespace sluice::smtp {

/// Whether the connection is to be encrypted.
enum class StartTls : std::uint8_t {
    never,
    may,   // if the MTA offers it
    must,  // or the connection is not used
};

/// The path between us and the MTA.
struct Hop {
    StartTls starttls = StartTls::never;
    bool local = false;  // nobody can listen: as good as encrypted for RFC 8689
};

class Dialogue {
  public:
    enum class Outcome : std::uint8_t {
        none,              // the task goes on
        start_tls,         // 220: shake hands and call secured(), or close
        tls_refused,       // StartTls::must, and it is not offered (reply() has code 0) or refused
        opened,            // greeted, and EHLO or HELO was taken: ehlo() is known
        introduced,        // the identity given to introduce() is in force
        identity_refused,  // XCLIENT was not answered 220, because of the command or of us: reply()
        client_refused,    // XCLIENT was answered with this client's greeting, which is not 220: reply()
        helo_refused,      // the client's HELO name was refused: reply()
        out_of_step,       // MAIL or DATA was answered 503, "bad sequence of commands": reply()
        verified,          // the question is answered: reply(), refused_at(), recipients()
        content,           // every recipient was taken and DATA answered 354: send the content and the dot
        refused,    // the message was refused, nothing was delivered: reply(), refused_at(), recipients()
        delivered,  // the MTA has taken the message: reply()
        answered,   // the line given to say() is answered: reply()
        lost,       // the connection is finished and the task undecided: reply() is its last word, if any
    };

    /// The present stage of the dialogue; for logs and for the choice of a time limit.
    enum class Stage : std::uint8_t {
        fresh,
        greeting,
        ehlo,
        helo,
        starttls,
        handshake,
        xclient,
        introduction,
        idle,
        mail,
        recipient,
        rset,
        data,
        content,
        dot,
        said,
        quit,
        finished,
    };

    /// `hostname` is our own name; it must outlive the dialogue.
    explicit Dialogue(std::string_view hostname) : hostname_(hostname) {}

    /// Begins a new connection: waits for the greeting and says EHLO, then HELO if EHLO is refused with 5yz.
    /// `helo` is the name to say; ours when empty. (With the PROXY protocol it is the client's.)
    void open(std::string_view helo, Hop hop = {});

    /// Says EHLO anew after the handshake that Outcome::start_tls called for.
    void secured();

    /// Puts a client's identity in force: `xclient_lines` one by one, then EHLO (`esmtp`) or HELO with
    /// `helo`.
    void introduce(std::string_view xclient_lines, std::string_view helo, bool esmtp);

    /// Asks whether mail from the envelope's sender to each of its recipients would be accepted: MAIL, RCPT
    /// for each, RSET. False, without effect, when the MTA does not offer what the parameters need (see
    /// append_parameters). The envelope has at least one recipient.
    [[nodiscard]] bool ask(const Envelope& envelope);

    /// Sends MAIL, RCPT for each recipient, and DATA. False as for ask(). The envelope has at least one
    /// recipient.
    [[nodiscard]] bool deliver(const Envelope& envelope);

    /// Sends one line of an AUTH exchange (RFC 4954), without CRLF and without control characters. False,
    /// without effect, when it would be more than one line.
    [[nodiscard]] bool say(std::string_view line);

    /// Must be called when every octet of the content and the final dot has been handed to the network.
    void content_sent();

    void quit();

    /// Takes octets from the MTA. May be called after the dialogue has finished, and has no effect then.
    Outcome receive(std::string_view octets);

    /// Must be called when the connection has died, or the driver has given up on it. Returns Outcome::lost
    /// unless the task was decided and only its RSET was outstanding.
    Outcome lost();

    /// The commands to send; the driver removes from the front what it has sent.
    std::string& output() { return output_; }

    Stage stage() const { return stage_; }
    bool idle() const { return stage_ == Stage::idle; }
    bool usable() const { return stage_ != Stage::finished; }
    /// The number of replies since the task began; 0 means that the connection may have been dead before it.
    std::size_t replies() const { return replies_; }

    /// The decisive reply of the task, or the last reply before the connection was finished. Code 0 when
    /// there was none; it has a text when the MTA sent something that is no reply.
    const Reply& reply() const { return reply_; }
    /// The command that reply() answered.
    Stage replied_at() const { return replied_at_; }
    /// The last reply of all, whatever it answered, even if no command was sent.
    const Reply& last() const { return parser_.reply(); }
    /// The command that reply() answered: mail, recipient, data, content (before the dot) or dot.
    Stage refused_at() const { return refused_at_; }
    /// One reply for each recipient of the envelope, in its order: when the message was refused at recipient,
    /// or when the question was verified and not refused at mail.
    const std::vector<Reply>& recipients() const { return recipients_; }

    /// The MTA's last offer. The XCLIENT attributes survive a HELO, whose reply lists nothing. REQUIRETLS is
    /// not part of it unless the connection is encrypted or local (RFC 8689 2).
    const EhloReply& ehlo() const { return ehlo_; }
    /// The first word of the greeting: the MTA's own name.
    const std::string& greeting_host() const { return greeting_host_; }

  private:
    enum class Task : std::uint8_t { none, open, introduce, ask, deliver, say, quit };

    void begin(Task task);
    void say_hello(bool esmtp, std::string_view name);
    bool start_group(Task task, const Envelope& envelope, std::string_view last);
    void release_line();
    Outcome take(const Reply& reply);
    Outcome take_greeting(const Reply& reply);
    Outcome take_hello(const Reply& reply);
    Outcome take_hello_accepted(const Reply& reply);
    Outcome take_starttls(const Reply& reply);
    Outcome take_xclient(const Reply& reply);
    Outcome take_mail(const Reply& reply);
    Outcome take_recipient(const Reply& reply);
    Outcome take_last_asked();
    Outcome take_data(const Reply& reply);
    Outcome take_rset(const Reply& reply);
    Outcome take_final(const Reply& reply);
    void note(const Reply& reply);
    Outcome give_up(const Reply& reply, Outcome outcome = Outcome::lost);
    void refuse(const Reply& reply, Stage at);
    void reset_transaction();
    Outcome settle(Outcome outcome);
    Outcome finish(Outcome outcome);

    std::string_view hostname_;
    ReplyParser parser_;
    std::string output_;
    std::string waiting_;  // lines that may only be sent one by one (XCLIENT, or no PIPELINING)
    std::string name_;     // for EHLO or HELO
    Reply reply_;
    std::vector<Reply> recipients_;
    EhloReply ehlo_;
    std::string greeting_host_;
    std::size_t recipients_expected_ = 0;
    std::size_t replies_ = 0;
    Task task_ = Task::none;
    Stage stage_ = Stage::fresh;
    Stage refused_at_ = Stage::idle;
    Stage replied_at_ = Stage::idle;
    Outcome decided_ = Outcome::none;  // the outcome of the task while its RSET is outstanding
    Hop hop_;
    bool secure_ = false;
    bool esmtp_ = true;
    bool pipelining_ = false;
};

}  // namespace sluice::smtp
