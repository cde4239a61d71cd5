#include "smtp/fixed_replies.hpp"

#include <array>
#include <cassert>
#include <cstddef>
#include <string_view>

#include "smtp/reply.hpp"

namespace sluice::smtp {

namespace {

struct Row {
    Say say;
    int code;
    std::string_view text;
};

constexpr auto rows = std::to_array<Row>({
    {Say::ok, 250, "2.0.0 Ok"},
    {Say::chunk_taken, 250, "2.0.0 Ok: chunk received"},
    {Say::bye, 221, "2.0.0 Bye"},
    {Say::help, 214, "2.0.0 See RFC 5321"},
    {Say::cannot_verify, 252, "2.0.0 Cannot verify, but will take mail and attempt delivery"},
    {Say::start_content, 354, "End data with <CR><LF>.<CR><LF>"},
    {Say::start_tls, 220, "2.0.0 Ready to start TLS"},
    {Say::unknown_command, 500, "5.5.2 Error: command not recognized"},
    {Say::bad_octets, 500, "5.5.2 Error: control or 8-bit character in command"},
    {Say::bare_newline_command, 521, "5.5.2 Error: command does not end in <CR><LF>"},
    {Say::command_too_long, 500, "5.5.2 Error: command line too long"},
    {Say::not_implemented, 502, "5.5.1 Error: command not implemented"},
    {Say::not_http, 554, "5.5.0 Error: SMTP is spoken here"},
    {Say::not_proxy, 554, "5.5.0 Error: you are not a proxy of ours"},
    {Say::no_service, 503, "5.5.1 Error: no service for you, send QUIT"},
    {Say::need_helo, 503, "5.5.1 Error: send HELO or EHLO first"},
    {Say::need_mail, 503, "5.5.1 Error: need MAIL command"},
    {Say::nested_mail, 503, "5.5.1 Error: nested MAIL command"},
    {Say::chunks_begun, 503, "5.5.1 Error: message is being sent by BDAT"},
    {Say::xclient_in_transaction, 503, "5.5.1 Error: mail transaction in progress"},
    {Say::starttls_in_transaction, 503, "5.5.1 Error: mail transaction in progress"},
    {Say::tls_is_active, 503, "5.5.1 Error: TLS is active already"},
    {Say::starttls_not_offered, 503, "5.5.1 Error: send EHLO first"},
    {Say::auth_needs_tls, 538, "5.7.11 Error: encryption required, send STARTTLS first"},
    {Say::auth_not_offered, 503, "5.5.1 Error: authentication is not offered"},
    {Say::authenticated_already, 503, "5.5.1 Error: authenticated already"},
    {Say::auth_in_transaction, 503, "5.5.1 Error: mail transaction in progress"},
    {Say::auth_syntax, 501, "5.5.4 Syntax: AUTH mechanism [initial-response]"},
    {Say::no_recipients, 554, "5.5.1 Error: no valid recipients"},
    {Say::no_argument_wanted, 501, "5.5.4 Syntax: this command takes no argument"},
    {Say::argument_wanted, 501, "5.5.4 Syntax: this command takes an argument"},
    {Say::helo_syntax, 501, "5.5.4 Syntax: HELO or EHLO hostname"},
    {Say::mail_syntax, 501, "5.5.4 Syntax: MAIL FROM:<address> [parameters]"},
    {Say::rcpt_syntax, 501, "5.5.4 Syntax: RCPT TO:<address> [parameters]"},
    {Say::bdat_syntax, 501, "5.5.4 Syntax: BDAT count [LAST]"},
    {Say::xclient_syntax, 501, "5.5.4 Syntax: XCLIENT attribute=value, NAME ADDR PORT PROTO HELO"},
    {Say::bad_sender, 501, "5.1.7 Bad sender address syntax"},
    {Say::bad_recipient, 501, "5.1.3 Bad recipient address syntax"},
    {Say::sender_needs_smtputf8, 553, "5.6.7 Sender address needs SMTPUTF8 declared"},
    {Say::recipient_needs_smtputf8, 553, "5.6.7 Recipient address needs SMTPUTF8 declared"},
    {Say::unsupported_parameter, 555, "5.5.4 Unsupported parameter"},
    {Say::bad_parameter, 501, "5.5.4 Bad parameter value"},
    {Say::repeated_parameter, 501, "5.5.4 Repeated parameter"},
    {Say::too_many_recipients, 452, "4.5.3 Too many recipients"},
    {Say::too_big, 552, "5.3.4 Message size exceeds fixed limit"},
    {Say::bare_newline_content, 550, "5.6.0 Message holds a bare <CR>, a bare <LF> or a NUL"},
    {Say::line_too_long, 500, "5.6.0 Message holds a line that is too long"},
    {Say::too_many_errors, 421, "4.7.0 Error: too many errors"},
    {Say::too_many_junk_commands, 421, "4.7.0 Error: too many commands without mail"},
    {Say::too_many_transactions, 421, "4.7.0 Error: too many transactions, connect again"},
});

constexpr bool rows_in_order() {
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (rows[i].say != static_cast<Say>(i)) return false;
    }
    return rows.size() == static_cast<std::size_t>(Say::count_);
}
static_assert(rows_in_order(), "one row for each Say, in its order");

using Rendered = std::array<FixedReply, rows.size()>;

Rendered render_all() {
    Rendered rendered;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const Reply reply{rows[i].code, std::string(rows[i].text)};
        rendered[i].code = reply.code;
        append_wire(reply, true, rendered[i].enhanced);
        append_wire(reply, false, rendered[i].plain);
    }
    return rendered;
}

}  // namespace

const FixedReply& fixed_reply(Say say) {
    static const Rendered rendered = render_all();
    return rendered[static_cast<std::size_t>(say)];
}

}  // namespace sluice::smtp
