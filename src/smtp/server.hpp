// The server side of SMTP as a pure state machine: octets and answers go in, steps come out. No socket, no
// clock, no policy.
//
//     driver                       Server
//       │ greet(220 …)               │
//       │ next(input) ─────────────► │  Step::reply          send reply_wire()
//       │ next(input) ─────────────► │  Step::ask_rcpt       decide, then answer(reply)
//       │ next(input) ─────────────► │  Step::content        keep content()
//       │ next(input) ─────────────► │  Step::need_input     read more
//
// It handles one command at a time, so replies to pipelined commands are in order however long the answers
// take (RFC 2920). Input that it does not consume stays with the driver, which offers it again: the machine
// keeps no octet itself, and the same input gives the same steps wherever it is split. It consumes content at
// once, and a command once its line is whole or longer than Limits::command_line_octets_max: the driver must
// be able to offer that many octets.
//
// When a command brings several steps, transaction_ended comes first, then identity_changed, the reply,
// close: when the client hears of an event, it has happened.
//
// RFC 5321 (SMTP), 2920 (PIPELINING), 1870 (SIZE), 6152 (8BITMIME), 6531 (SMTPUTF8), 3030 (CHUNKING), 3461
// (DSN), 2034 (ENHANCEDSTATUSCODES), 3207 (STARTTLS).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "smtp/data_codec.hpp"
#include "smtp/envelope.hpp"
#include "smtp/extensions.hpp"
#include "smtp/fixed_replies.hpp"
#include "smtp/hello.hpp"
#include "smtp/limits.hpp"
#include "smtp/path.hpp"
#include "smtp/reply.hpp"

namespace sluice::smtp {

struct ServerOptions {
    std::string hostname = "localhost";  // in the greeting and the EHLO reply
    Limits limits{};
    BareNewlines bare_newlines = BareNewlines::refuse;
    bool accept_xclient = false;  // only `sluice sink`: obey XCLIENT from anyone who can connect
    bool starttls = false;        // there are certificates: STARTTLS is offered
    enum class Auth : std::uint8_t { off, over_tls, anywhere };
    Auth auth = Auth::off;  // where AUTH is offered, if the backend has mechanisms
};

/// The task of the driver.
enum class Step : std::uint8_t {
    need_input,  // the input at hand is used up
    reply,       // send reply_wire()
    ask_helo,    // helo(), esmtp() are set
    ask_mail,    // envelope() holds the sender
    ask_rcpt,    // recipient() is the one to judge
    ask_data,    // DATA or the first BDAT, with at least one recipient; a positive answer means 354, or go on
    content,     // content() is the next part of the message, in wire form (see MessageView)
    ask_message,        // the message is complete: deliver it, answer with the final reply
    transaction_ended,  // a transaction that MAIL began is over before ask_message; ended_by() says why. Not
                        // given when the driver ends the session itself: terminate(), or 421 answered
    ask_starttls,       // a positive answer means 220, and the step start_tls after it
    start_tls,  // the reply is the last plaintext: send it, forget all input at hand, shake hands, then
                // tls_started(); when that fails the session is over
    ask_auth,   // AUTH: auth_text() is its argument. 334 asks the client for more, 235 is success
    ask_auth_response,  // the client's line after a 334: auth_text(), "*" to break off. Answered as ask_auth
    identity_changed,   // XCLIENT was obeyed: forwarded() is the client now; answer nothing
    close,              // send what is pending and close
};

/// Why a transaction ended without a delivery.
enum class EndedBy : std::uint8_t {
    rset,
    helo,          // a second HELO or EHLO
    quit,          // or an HTTP request
    refused,       // the driver refused the first BDAT, or a line was too long
    too_big,       // counted; a declared size that is too big begins no transaction
    bare_newline,  // or NUL
    limits,        // errors, junk commands, transactions
};

/// Acts that no well-behaved client commits, whether or not they were refused.
struct Oddities {
    bool early_pipelining : 1 = false;  // more came before the reply to what must be the last of its group
                                        // (RFC 2920 3.1), or PIPELINING was not offered
    bool non_smtp : 1 = false;      // HTTP, a PROXY header, TLS in the clear, a message header, binary octets
    bool bare_newline : 1 = false;  // in a command or in content; in content, also a NUL

    bool any() const { return early_pipelining || non_smtp || bare_newline; }
    bool operator==(const Oddities&) const = default;
};

class Server {
  public:
    /// `options` must outlive the machine.
    explicit Server(const ServerOptions& options);

    /// The first reply of the session; 220 opens it, 554 makes every later command but QUIT a 503 (RFC
    /// 5321 3.1), and any other code closes it. Comes out of the coming next() as Step::reply.
    void greet(const Reply& greeting);

    /// Lets the client leave out the domain of an address ("<root>"), as an authenticated client may, because
    /// it is one of the operator's own. From any other client only "<postmaster>" is accepted without one
    /// (RFC 5321 4.5.1).
    void take_local_names() { local_names_ = true; }

    /// Advances by one step and drops the consumed octets from the front of `input`. `hello` has the replies
    /// to a HELO or EHLO as they are now; the one that was told last is remembered, and kept alive. Must not
    /// be called while an ask_* waits for its answer().
    Step next(std::string_view& input, const Hello& hello);

    /// Answers the ask_* step. After a positive answer the command takes effect. 421 also closes the session.
    /// For ask_helo the text of a positive answer is ignored (the machine writes the EHLO lines itself), and
    /// so it is for ask_data and ask_starttls.
    void answer(const Reply& reply);

    /// Must be called after the handshake of Step::start_tls. The session begins anew, with nothing said or
    /// offered (RFC 3207 4.2).
    void tls_started() { secure_ = true; }
    bool secure() const { return secure_; }
    bool authenticated() const { return authenticated_; }

    /// Ends the session from outside with this reply (421 on shutdown or time-out): the next next() returns
    /// it, then close.
    void terminate(const Reply& reply);

    /// The wire form of the reply; valid until the next call of next(), answer() or terminate().
    std::string_view reply_wire() const { return own_wire_ ? std::string_view(*own_wire_) : lent_; }
    /// The code of that reply.
    int reply_code() const { return reply_code_; }
    /// Whether the reply given last ends the session.
    bool is_closed() const { return mode_ == Mode::closed; }
    /// Whether that reply must not be held back, since that could cost an honest client something, or us its
    /// mail: the answer to a message, to BDAT, RSET and QUIT, to STARTTLS and each line of AUTH, and the last
    /// reply of a session.
    bool reply_is_prompt() const { return prompt_; }
    /// Valid until next() is called, or the input it is a part of goes away.
    std::string_view content() const { return lent_; }
    /// Base64, preceded by a mechanism's name in ask_auth. Valid as content() is, during ask_auth and
    /// ask_auth_response.
    std::string_view auth_text() const { return lent_; }

    /// The argument of the last HELO or EHLO, accepted or not.
    const std::string& helo() const { return helo_; }
    bool esmtp() const { return esmtp_; }
    /// True from ask_mail on, whatever its answer will be.
    bool in_transaction() const { return transaction_ != nullptr; }
    /// The envelope of the transaction; only while in_transaction(). It still exists during
    /// Step::transaction_ended, and until ask_message is answered.
    const Envelope& envelope() const { return transaction_->envelope; }
    /// The recipient in question during ask_rcpt.
    const Recipient& recipient() const { return transaction_->recipient; }
    /// The octets of the transaction's content so far, as the sender meant it: without stuffed dots (RFC 1870
    /// 3).
    std::uint64_t content_octets() const {
        const auto& decoder = transaction_->decoder;
        return decoder ? decoder->octets() : 0;
    }
    EndedBy ended_by() const { return ended_by_; }
    /// The identity that an XCLIENT has given (accept_xclient only).
    const ClientIdentity& forwarded() const { return *forwarded_; }

    /// Commands refused so far in this session (without refusals by answer()), and commands that do nothing.
    unsigned errors() const { return errors_; }
    unsigned junk_commands() const { return junk_commands_; }
    /// The oddities since the last call. Early pipelining can go unnoticed, depending on how the input is
    /// split, but is never noted wrongly.
    bool is_odd() const { return odd_.any(); }
    Oddities take_oddities() { return std::exchange(odd_, {}); }
    /// Whether content is outstanding, after a 354 or within a BDAT: the driver has another pace for it.
    bool in_content() const {
        return mode_ == Mode::data || mode_ == Mode::chunk || mode_ == Mode::refused_chunk;
    }
    /// Whether the last command was a BDAT without LAST in a transaction, whatever its answer: the next chunk
    /// is on its way, or here already with PIPELINING (RFC 3030 4.2). False again after another command.
    bool awaits_chunk() const { return awaits_chunk_; }

  private:
    struct Command;  // a row of the command table: server_commands.cpp

    /// The context of the next octet of input.
    enum class Mode : std::uint8_t {
        command,
        overlong_line,  // the rest of a command line that is refused already
        data,
        chunk,          // chunk_left_ octets of BDAT
        refused_chunk,  // likewise, to be dropped; its pending reply waits until then
        auth,           // the client's next line of an AUTH exchange
        overlong_auth,  // the rest of a line of AUTH that is too long
        closed,
    };

    /// An open mail transaction: the members that an idle session does not need.
    struct Transaction {
        Envelope envelope;
        Recipient recipient;                 // the one in question
        std::optional<DataDecoder> decoder;  // once DATA or the first BDAT was accepted
        bool smtputf8 = false;
    };

    // server.cpp: stepping
    void release();
    std::optional<Step> pending();
    bool take_line(std::string_view& input);
    void drop_line(std::string_view& input);
    bool take_response(std::string_view& input);
    void say(Say what);
    void say(const Reply& reply);
    const Hello::Told* told() const;
    const Offer& offered() const;
    void say_hello(const Hello& hello);
    void ask(Step question) { asked_ = question; }
    void refuse(Say why);
    void close_for(Say limit);
    void hang_up(Say why);
    void end_transaction(EndedBy why);
    void helo_answered(const Reply& reply);
    void content_answered(const Reply& reply);
    void starttls_answered(const Reply& reply);
    void auth_answered(const Reply& reply);
    void forget_hello();

    // server_commands.cpp: one member per verb, given its argument without surrounding blanks
    static const Command* find_command(std::string_view verb);
    void obey(std::string_view line, bool ends_in_crlf, bool more_follows);
    void look_askance(std::string_view line, const Command* command, bool ends_in_crlf, bool more_follows);
    std::optional<Say> fault_of(std::string_view line, const Command* command, bool ends_in_crlf) const;
    bool count_junk(const Command& command);
    Domain domain_wanted() const;
    void do_helo(std::string_view argument);
    void do_ehlo(std::string_view argument);
    void hello(std::string_view argument, bool esmtp);
    void do_mail(std::string_view argument);
    void do_rcpt(std::string_view argument);
    void do_data(std::string_view argument);
    void do_bdat(std::string_view argument);
    void do_rset(std::string_view argument);
    void do_noop(std::string_view argument);
    void do_help(std::string_view argument);
    void do_vrfy(std::string_view argument);
    void do_quit(std::string_view argument);
    void do_not_offered(std::string_view argument);
    void do_starttls(std::string_view argument);
    void do_auth(std::string_view argument);
    void do_xclient(std::string_view argument);
    void do_proxy(std::string_view argument);
    void do_http(std::string_view argument);

    // server_content.cpp
    DataDecoder& decoder() const;
    std::optional<Step> take_data(std::string_view& input);
    std::optional<Step> take_chunk(std::string_view& input);
    void drop_chunk(std::string_view& input);
    std::optional<Step> chunk_complete();
    void refuse_chunk(Say why);
    bool over_size(std::uint64_t octets) const;
    std::optional<EndedBy> content_fault() const;
    void content_complete();

    const ServerOptions* options_;
    std::unique_ptr<std::string> own_wire_;  // the reply, if rendered for this session only
    std::string_view lent_;  // lent to the driver: content, or a reply that all sessions share
    std::string helo_;
    std::unique_ptr<Transaction> transaction_;
    std::unique_ptr<ClientIdentity> forwarded_;
    HelloPtr hello_;  // the reply that the client was told last; null = none
    std::uint64_t chunk_left_ = 0;
    int reply_code_ = 0;
    unsigned errors_ = 0;
    unsigned junk_commands_ = 0;
    unsigned transactions_ = 0;
    EndedBy ended_by_ = EndedBy::rset;
    Mode mode_ = Mode::command;
    Step asked_ = Step::need_input;  // the ask_* that waits for its step or its answer; need_input = none
    Oddities odd_;
    bool esmtp_ : 1 = false;
    bool esmtp_before_ : 1 = false;  // the value before the HELO or EHLO in question
    bool told_esmtp_ : 1 = false;    // hello_ answered an EHLO
    bool greeted_ : 1 = false;       // HELO or EHLO accepted
    bool no_service_ : 1 = false;    // the greeting was 554
    bool secure_ : 1 = false;        // TLS is in use
    bool authenticated_ : 1 = false;
    bool local_names_ : 1 = false;  // see take_local_names()
    bool chunk_last_ : 1 = false;
    bool chunk_asked_ : 1 = false;  // ask_data is for a BDAT
    bool awaits_chunk_ : 1 = false;
    bool prompt_ : 1 = false;
    // Pending steps:
    bool ended_pending_ : 1 = false;
    bool identity_pending_ : 1 = false;
    bool tls_pending_ : 1 = false;    // after the reply
    bool hello_pending_ : 1 = false;  // the reply to HELO or EHLO, to be rendered
    bool reply_pending_ : 1 = false;
    bool close_pending_ : 1 = false;
    // Released by the next step:
    bool transaction_over_ : 1 = false;
};

static_assert(sizeof(Server) <= 200, "very many sessions are held at once");

}  // namespace sluice::smtp
