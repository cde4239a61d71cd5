// The server side of SMTP as a pure state machine: octets and answers in, steps out. No socket, no clock, no
// policy.
//
//     driver                       Server
//       │ greet(220 …)               │
//       │ next(input) ─────────────► │  Step::reply          send reply_wire()
//       │ next(input) ─────────────► │  Step::ask_rcpt       decide, then answer(reply)
//       │ next(input) ─────────────► │  Step::content        keep content()
//       │ next(input) ─────────────► │  Step::need_input     read more
//
// It handles one command at a time, so replies to pipelined commands are in order whatever the answers take
// (RFC 2920). Input it does not consume stays with the driver, which offers it again: the machine holds no
// octet of its own, and the same input split anywhere gives the same steps.
//
// RFC 5321 (SMTP), 2920 (PIPELINING), 1870 (SIZE), 6152 (8BITMIME), 6531 (SMTPUTF8), 3030 (CHUNKING), 3461
// (DSN), 2034 (ENHANCEDSTATUSCODES).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "smtp/data_codec.hpp"
#include "smtp/envelope.hpp"
#include "smtp/extensions.hpp"
#include "smtp/limits.hpp"
#include "smtp/reply.hpp"

namespace sluice::smtp {

struct ServerOptions {
    std::string hostname = "localhost";  // in the greeting and the EHLO reply
    Limits limits;
    BareNewlines bare_newlines = BareNewlines::refuse;
    bool accept_xclient = false;  // only `sluice sink`: obey XCLIENT from anyone who can connect
};

/// What the driver has to do.
enum class Step : std::uint8_t {
    need_input,  // nothing more can be done with what was given
    reply,       // send reply_wire()
    ask_helo,    // helo(), esmtp() are set
    ask_mail,    // envelope() holds the sender
    ask_rcpt,    // recipient() is the one to judge
    ask_data,    // DATA or the first BDAT, with at least one recipient; a positive answer means 354, or go on
    content,     // content() is the next part of the message, in wire form (see MessageView)
    ask_message,        // the message is complete: deliver it, answer with the final reply
    transaction_ended,  // a transaction that MAIL began is over without a delivery; ended_by() says why
    identity_changed,   // XCLIENT was obeyed: forwarded() is the client now; answer nothing
    close,              // send what is pending and close
};

/// Why a transaction ended without a delivery.
enum class EndedBy : std::uint8_t { rset, helo, quit, refused, too_big, bare_newline, limits, xclient };

class Server {
  public:
    /// `options` must outlive the machine.
    explicit Server(const ServerOptions& options);

    /// The first reply of the session; 220 opens it, 554 makes every later command but QUIT a 503 (RFC
    /// 5321 3.1), and any other code closes it. Comes out of the coming next() as Step::reply.
    void greet(const Reply& greeting);

    /// Advances as far as one step and drops what it consumed from the front of `input`. `offer` is what an
    /// EHLO would be told now; what an EHLO was told is remembered. Never called while an ask_* waits for its
    /// answer().
    Step next(std::string_view& input, const Offer& offer);

    /// Answers the ask_* step. Positive: the command takes effect. 421 also closes the session. For ask_helo
    /// a positive reply's text is ignored (the machine writes the EHLO lines itself); for ask_data likewise.
    void answer(const Reply& reply);

    /// Ends the session from outside with this reply (421 on shutdown or time-out): the coming next() gives
    /// it, then close.
    void terminate(const Reply& reply);

    /// Wire form of the reply; valid until the next call of next(), answer() or terminate().
    std::string_view reply_wire() const { return reply_wire_; }
    /// Code of that reply.
    int reply_code() const { return reply_code_; }
    /// Valid until the input it was cut from goes away or next() is called.
    std::string_view content() const { return content_; }

    const std::string& helo() const { return helo_; }
    bool esmtp() const { return esmtp_; }
    bool in_transaction() const { return envelope_ != nullptr; }
    /// The transaction's envelope; only while in_transaction(). Still there during Step::transaction_ended
    /// and until the answer to ask_message has been given.
    const Envelope& envelope() const { return *envelope_; }
    /// The recipient in question during ask_rcpt.
    const Recipient& recipient() const { return recipient_; }
    EndedBy ended_by() const { return ended_by_; }
    /// The identity an XCLIENT gave us (accept_xclient only).
    const ClientIdentity& forwarded() const { return *forwarded_; }

    /// Commands refused so far in this session (RCPT refusals by answer() not included), and ones that do
    /// nothing.
    unsigned errors() const { return errors_; }
    unsigned junk_commands() const { return junk_commands_; }
    /// True between a 354 (or BDAT with octets outstanding) and the end of that content: the driver's pace
    /// differs there.
    bool in_content() const;

  private:
    // The implementation's state: keep the machine small (aim at <= 200 octets when no transaction is open).
    const ServerOptions* options_;
    std::string reply_wire_;
    std::string_view content_;
    std::string helo_;
    std::unique_ptr<Envelope> envelope_;
    Recipient recipient_;
    std::unique_ptr<ClientIdentity> forwarded_;
    int reply_code_ = 0;
    unsigned errors_ = 0;
    unsigned junk_commands_ = 0;
    EndedBy ended_by_ = EndedBy::rset;
    bool esmtp_ = false;
};

}  // namespace sluice::smtp
