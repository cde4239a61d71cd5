// Our side of a conversation with an MTA, as a pure state machine: tasks and octets of replies in, octets of
// commands and outcomes out. No socket, no clock, no retries.
//
//     driver                              Dialogue
//       │ open(…), introduce(…),            │
//       │ ask(…), deliver(…)  ────────────► │  output() has commands to send
//       │ receive(octets)     ────────────► │  Outcome::none          send output(), read on
//       │                                   │  Outcome::verified …    the task is over: reply()
//       │ lost()              ────────────► │  what had been decided before the connection died
//
// With STARTTLS the driver gets Outcome::start_tls on the way to Outcome::opened, shakes hands, and says
// secured(): what the MTA offered before is forgotten (RFC 3207 4.2), and what it sent before the handshake,
// in plaintext behind its 220, finishes the connection (CVE-2011-0411).
//
// One task at a time. An MTA that says anything out of turn is finished (usable() is false): the driver must
// destroy the connection, since nobody knows which reply belongs to which command any more.
//
// XCLIENT is never sent together with anything else, and any reply to it but 220 finishes the connection:
// attributes before the refused one have taken effect, so whose identity is in force is not known.
//
// The dialogue is idle only after a reply that makes it so: 250 to EHLO, to RSET or to the dot. After a
// refusal at the dot an MTA may keep the transaction open (Postfix does, where a restriction at the end of
// the data refuses), so RSET follows each final reply but 2yz. An MTA that answers 503 to MAIL all the same
// has a transaction that we know nothing of, and its connection is finished.
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
    may,   // where the MTA offers it
    must,  // or there is no connection
};

/// What lies between us and the MTA.
struct Hop {
    StartTls starttls = StartTls::never;
    bool local = false;  // nothing that others could listen to: as good as encrypted for RFC 8689
};

class Dialogue {
  public:
    enum class Outcome : std::uint8_t {
        none,              // the task goes on
        start_tls,         // 220: shake hands and call secured(), or close
        tls_refused,       // StartTls::must, and it is not offered (reply() has code 0) or refused
        opened,            // greeted, and EHLO or HELO was taken: ehlo() is known
        introduced,        // the identity given to introduce() is in force
        identity_refused,  // XCLIENT was not answered 220, for the sake of the command or of us: reply()
        client_refused,    // XCLIENT was answered as this client is greeted, and that is no 220: reply()
        helo_refused,      // the client's HELO name was refused: reply()
        out_of_step,       // MAIL or DATA was answered 503, "bad sequence of commands": reply()
        verified,          // the question is answered: reply(), refused_at(), recipients()
        content,           // every recipient was taken and DATA answered 354: send the content and the dot
        refused,    // the message was refused, nothing was delivered: reply(), refused_at(), recipients()
        delivered,  // the MTA has taken the message: reply()
        answered,   // the line given to say() is answered: reply()
        lost,       // the connection is finished and the task undecided: reply() is its last word, if any
    };

    /// What the dialogue is about now; for logs and for choosing a time limit.
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

    /// `hostname` is what we call ourselves; it must outlive the dialogue.
    explicit Dialogue(std::string_view hostname) : hostname_(hostname) {}

    /// The connection is made: wait for the greeting and say EHLO, then HELO if that is refused with 5yz.
    /// `helo` is the name to say; ours when empty. (With the PROXY protocol it is the client's.)
    void open(std::string_view helo, Hop hop = {});

    /// The handshake that Outcome::start_tls called for has succeeded: says EHLO anew.
    void secured();

    /// Puts a client's identity in force: `xclient_lines` one by one, then EHLO (`esmtp`) or HELO with
    /// `helo`.
    void introduce(std::string_view xclient_lines, std::string_view helo, bool esmtp);

    /// Asks whether mail from the envelope's sender to each of its recipients would be taken: MAIL, RCPT for
    /// each, RSET. False, and nothing happens, when the MTA does not offer what the parameters need (see
    /// append_parameters). The envelope has at least one recipient.
    [[nodiscard]] bool ask(const Envelope& envelope);

    /// MAIL, RCPT for each recipient, DATA. False as for ask(). The envelope has at least one recipient.
    [[nodiscard]] bool deliver(const Envelope& envelope);

    /// One line of an AUTH exchange (RFC 4954), without CRLF; it holds no control characters.
    void say(std::string_view line);

    /// The content and the final dot have been handed to the network, every octet.
    void content_sent();

    void quit();

    /// What the MTA sent. May be called after the dialogue has finished; does nothing then.
    Outcome receive(std::string_view octets);

    /// The connection has died, or the driver has given up on it. Outcome::lost unless the task was decided
    /// already and only its RSET was outstanding.
    Outcome lost();

    /// Commands to send; the driver removes from the front what it has sent.
    std::string& output() { return output_; }

    Stage stage() const { return stage_; }
    bool idle() const { return stage_ == Stage::idle; }
    bool usable() const { return stage_ != Stage::finished; }
    /// Replies received since the task began: none means that the connection may have been dead before it.
    std::size_t replies() const { return replies_; }

    /// The decisive reply of the task, or the last word before the connection was finished; code 0 when there
    /// was none, with a text when what came instead is no reply.
    const Reply& reply() const { return reply_; }
    /// The command that it answered.
    Stage replied_at() const { return replied_at_; }
    /// The last reply of all, whatever it answered; nobody may have asked.
    const Reply& last() const { return parser_.reply(); }
    /// The command that reply() answered: mail, recipient, data, content (before the dot) or dot.
    Stage refused_at() const { return refused_at_; }
    /// A reply for each recipient of the envelope, in its order: when refused at recipient, or verified and
    /// not refused at mail.
    const std::vector<Reply>& recipients() const { return recipients_; }

    /// What the MTA last offered; the XCLIENT attributes survive a HELO, whose reply lists nothing.
    /// REQUIRETLS is not part of it unless the connection is encrypted or local (RFC 8689 2).
    const EhloReply& ehlo() const { return ehlo_; }
    /// The first word of the greeting: the name the MTA gives itself.
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
    std::string name_;     // to say in EHLO or HELO
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
    Outcome decided_ = Outcome::none;  // what the task came to, while its RSET is outstanding
    Hop hop_;
    bool secure_ = false;
    bool esmtp_ = true;
    bool pipelining_ = false;
};

}  // namespace sluice::smtp
