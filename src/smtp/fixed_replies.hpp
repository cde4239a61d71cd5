// The server side's own replies, rendered once.
//
// A reply that depends on nothing but the command costs no formatting, and no memory in the session.
#pragma once

#include <cstdint>
#include <string>

namespace sluice::smtp {

enum class Say : std::uint8_t {
    ok,
    chunk_taken,
    bye,
    help,
    cannot_verify,
    start_content,
    start_tls,
    // refused commands
    unknown_command,
    bad_octets,
    bare_newline_command,
    command_too_long,
    not_implemented,
    not_http,
    not_proxy,
    no_service,
    need_helo,
    need_mail,
    nested_mail,
    chunks_begun,
    xclient_in_transaction,
    starttls_in_transaction,
    tls_is_active,
    starttls_not_offered,
    auth_needs_tls,
    auth_not_offered,
    authenticated_already,
    auth_in_transaction,
    auth_syntax,
    no_recipients,
    no_argument_wanted,
    argument_wanted,
    helo_syntax,
    mail_syntax,
    rcpt_syntax,
    bdat_syntax,
    xclient_syntax,
    bad_sender,
    bad_recipient,
    sender_needs_smtputf8,
    recipient_needs_smtputf8,
    unsupported_parameter,
    bad_parameter,
    repeated_parameter,
    too_many_recipients,
    // refused content
    too_big,
    bare_newline_content,
    line_too_long,
    // limits exceeded
    too_many_errors,
    too_many_junk_commands,
    too_many_transactions,
    count_,
};

/// Wire forms, CRLF included.
struct FixedReply {
    int code = 0;
    std::string enhanced;  // with the enhanced status code
    std::string plain;     // without (RFC 2034 4)
};

/// The reply has static storage.
const FixedReply& fixed_reply(Say say);

}  // namespace sluice::smtp
