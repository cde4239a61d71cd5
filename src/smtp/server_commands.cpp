// The verbs: a row in the table and a member function each.
#include <algorithm>
#include <cassert>
#include <utility>

#include "base/ascii.hpp"
#include "base/base64.hpp"
#include "base/decimal.hpp"
#include "base/utf8.hpp"
#include "smtp/parameters.hpp"
#include "smtp/path.hpp"
#include "smtp/server.hpp"
#include "smtp/words.hpp"
#include "smtp/xclient_attributes.hpp"

namespace sluice::smtp {

namespace {

enum class Wants : std::uint8_t { nothing, anything, an_argument };

Say say_for(ParameterError error) {
    switch (error) {
        case ParameterError::unsupported: return Say::unsupported_parameter;
        case ParameterError::repeated: return Say::repeated_parameter;
        case ParameterError::bad: break;
    }
    return Say::bad_parameter;
}

/// What follows "FROM:" or "TO:", or nothing when `argument` begins with something else.
std::optional<std::string_view> after_keyword(std::string_view argument, std::string_view keyword) {
    if (!ascii::starts_with(argument, keyword)) return std::nullopt;
    return argument.substr(keyword.size());
}

/// No command that anybody could have meant: binary octets in the verb, as of a TLS handshake, or a message
/// header.
bool is_foreign(std::string_view line) {
    const std::string_view verb = first_word(line);
    return verb.ends_with(':') || std::ranges::any_of(verb, ascii::is_control) ||
           std::ranges::any_of(verb, ascii::is_eight_bit);
}

}  // namespace

struct Server::Command {
    std::string_view verb;
    void (Server::*action)(std::string_view argument);
    Wants argument = Wants::anything;
    bool after_helo = false;       // 503 before HELO or EHLO
    bool junk = false;             // does nothing for mail: counted, and bounded
    bool holds_address = false;    // may be UTF-8 where SMTPUTF8 was offered
    bool holds_name = false;       // may be UTF-8: nothing can have been offered before it
    bool without_service = false;  // obeyed even after a 554 greeting
    bool ends_group = false;       // nothing may be sent behind it before its reply
    bool foreign = false;          // another protocol's
    bool prompt = false;           // see Server::reply_is_prompt
};

const Server::Command* Server::find_command(std::string_view verb) {
    static constexpr Command table[] = {
        {.verb = "MAIL", .action = &Server::do_mail, .after_helo = true, .holds_address = true},
        {.verb = "RCPT", .action = &Server::do_rcpt, .after_helo = true, .holds_address = true},
        {.verb = "DATA",
         .action = &Server::do_data,
         .argument = Wants::nothing,
         .after_helo = true,
         .ends_group = true},
        // Judges itself: whatever is wrong with it, its octets must not be taken for commands.
        {.verb = "BDAT", .action = &Server::do_bdat, .without_service = true, .prompt = true},
        {.verb = "EHLO", .action = &Server::do_ehlo, .holds_name = true, .ends_group = true},
        {.verb = "HELO", .action = &Server::do_helo, .holds_name = true, .ends_group = true},
        {.verb = "QUIT",
         .action = &Server::do_quit,
         .argument = Wants::nothing,
         .without_service = true,
         .ends_group = true,
         .prompt = true},
        {.verb = "RSET",
         .action = &Server::do_rset,
         .argument = Wants::nothing,
         .junk = true,
         .prompt = true},
        {.verb = "NOOP", .action = &Server::do_noop, .junk = true},
        {.verb = "HELP", .action = &Server::do_help, .junk = true},
        {.verb = "VRFY", .action = &Server::do_vrfy, .argument = Wants::an_argument, .junk = true},
        {.verb = "EXPN", .action = &Server::do_not_offered, .junk = true},
        {.verb = "STARTTLS",
         .action = &Server::do_starttls,
         .argument = Wants::nothing,
         .ends_group = true,
         .prompt = true},
        {.verb = "AUTH", .action = &Server::do_auth, .ends_group = true, .prompt = true},
        {.verb = "XCLIENT", .action = &Server::do_xclient},
        // An HTTP client that somebody's web page has sent here, with SMTP commands in its body: none is
        // read.
        // A PROXY header from somebody who is not to send one: no new identity, and nothing to go on with.
        {.verb = "PROXY", .action = &Server::do_proxy, .foreign = true},
        {.verb = "GET", .action = &Server::do_http, .foreign = true},
        {.verb = "POST", .action = &Server::do_http, .foreign = true},
        {.verb = "PUT", .action = &Server::do_http, .foreign = true},
        {.verb = "HEAD", .action = &Server::do_http, .foreign = true},
        {.verb = "OPTIONS", .action = &Server::do_http, .foreign = true},
        {.verb = "CONNECT", .action = &Server::do_http, .foreign = true},
    };
    const auto* const row = std::ranges::find_if(
        table, [verb](const Command& command) { return ascii::equal(command.verb, verb); });
    return row == std::end(table) ? nullptr : row;
}

void Server::obey(std::string_view line, bool ends_in_crlf, bool more_follows) {
    line = ascii::drop_trailing_blanks(line);
    const std::string_view verb = first_word(line);
    const std::string_view argument = skip_blanks(line.substr(verb.size()));
    const Command* const command = find_command(verb);
    const bool is_bdat = command != nullptr && command->action == &Server::do_bdat;
    awaits_chunk_ = awaits_chunk_ && is_bdat;
    prompt_ = command != nullptr && command->prompt;
    look_askance(line, command, ends_in_crlf, more_follows);
    if (const auto fault = fault_of(line, command, ends_in_crlf)) {
        refuse(*fault);
        // A BDAT that is not obeyed leaves its chunk behind, which would be taken for commands.
        // What follows a bare LF would be a command that somebody smuggled into an argument.
        if (is_bdat || *fault == Say::bare_newline_command) close_pending_ = true;
        return;
    }
    assert(command != nullptr);  // or there is a fault
    if (!count_junk(*command)) return;
    if (command->argument == Wants::nothing && !argument.empty()) return refuse(Say::no_argument_wanted);
    if (command->argument == Wants::an_argument && argument.empty()) return refuse(Say::argument_wanted);
    (this->*command->action)(argument);
}

/// Notes what is odd about a command line. A chunk may follow its BDAT in any case.
void Server::look_askance(std::string_view line, const Command* command, bool ends_in_crlf,
                          bool more_follows) {
    if (!ends_in_crlf) odd_.bare_newline = true;
    const bool is_bdat = command != nullptr && command->action == &Server::do_bdat;
    const bool ends_group =
        !offered().has(Extension::pipelining) || (command != nullptr && command->ends_group);
    if (more_follows && ends_group && !is_bdat) odd_.early_pipelining = true;
    if (command != nullptr ? command->foreign : is_foreign(line)) odd_.non_smtp = true;
}

/// What is wrong with a command line before its argument is looked at.
std::optional<Say> Server::fault_of(std::string_view line, const Command* command, bool ends_in_crlf) const {
    if (!ends_in_crlf && options_->bare_newlines == BareNewlines::refuse) return Say::bare_newline_command;
    if (std::ranges::any_of(line, [](char c) { return ascii::is_control(c) && !is_blank(c); }))
        return Say::bad_octets;
    if (std::ranges::any_of(line, ascii::is_eight_bit)) {
        const bool may_be_utf8 =
            command != nullptr &&
            (command->holds_name || (command->holds_address && offered().has(Extension::smtputf8)));
        if (!may_be_utf8 || !utf8::is_valid(line)) return Say::bad_octets;
    }
    if (command == nullptr) return Say::unknown_command;
    if (no_service_ && !command->without_service) return Say::no_service;
    if (command->after_helo && !greeted_) return Say::need_helo;
    return std::nullopt;
}

bool Server::count_junk(const Command& command) {
    const bool hello_again =
        greeted_ && (command.action == &Server::do_helo || command.action == &Server::do_ehlo);
    if (!command.junk && !hello_again) return true;
    if (++junk_commands_ <= options_->limits.junk_commands_max) return true;
    close_for(Say::too_many_junk_commands);
    return false;
}

void Server::do_helo(std::string_view argument) {
    hello(argument, false);
}

void Server::do_ehlo(std::string_view argument) {
    hello(argument, true);
}

void Server::hello(std::string_view argument, bool esmtp) {
    if (argument.empty() || argument.size() > options_->limits.domain_octets_max)
        return refuse(Say::helo_syntax);
    helo_ = with_single_spaces(argument);
    helo_.shrink_to_fit();  // many are held
    esmtp_before_ = esmtp_;
    esmtp_ = esmtp;
    ask(Step::ask_helo);
}

/// What an address of this client's must have.
Domain Server::domain_wanted() const {
    return local_names_ || authenticated_ ? Domain::optional : Domain::required;
}

void Server::do_mail(std::string_view argument) {
    if (transaction_) return refuse(Say::nested_mail);
    const auto text = after_keyword(argument, "FROM:");
    if (!text) return refuse(Say::mail_syntax);
    const auto path = parse_path(*text, PathKind::reverse, options_->limits, domain_wanted());
    if (!path) return refuse(path.error() == PathError::syntax ? Say::mail_syntax : Say::bad_sender);
    auto parameters = read_mail_parameters(path->rest, offered());
    if (!parameters) return refuse(say_for(parameters.error()));
    if (path->eight_bit && !parameters->smtputf8) return refuse(Say::sender_needs_smtputf8);
    if (over_size(parameters->size)) return refuse(Say::too_big);
    if (++transactions_ > options_->limits.transactions_max) return close_for(Say::too_many_transactions);

    transaction_ = std::make_unique<Transaction>();
    transaction_->envelope.sender = path->address;
    transaction_->envelope.sender_parameters = std::move(parameters->carried);
    transaction_->smtputf8 = parameters->smtputf8;
    ask(Step::ask_mail);
}

void Server::do_rcpt(std::string_view argument) {
    if (!transaction_) return refuse(Say::need_mail);
    if (transaction_->decoder) return refuse(Say::chunks_begun);
    const auto text = after_keyword(argument, "TO:");
    if (!text) return refuse(Say::rcpt_syntax);
    const auto path = parse_path(*text, PathKind::forward, options_->limits, domain_wanted());
    if (!path) return refuse(path.error() == PathError::syntax ? Say::rcpt_syntax : Say::bad_recipient);
    auto parameters = read_rcpt_parameters(path->rest, offered(), transaction_->smtputf8);
    if (!parameters) return refuse(say_for(parameters.error()));
    if (path->eight_bit && !transaction_->smtputf8) return refuse(Say::recipient_needs_smtputf8);
    // No error of the client's: a long list comes in several transactions (RFC 5321 4.5.3.1.10).
    if (transaction_->envelope.recipients.size() >= options_->limits.recipients_max) {
        return say(Say::too_many_recipients);
    }
    transaction_->recipient.address = path->address;
    transaction_->recipient.parameters = *std::move(parameters);
    ask(Step::ask_rcpt);
}

void Server::do_data(std::string_view /*argument*/) {
    if (!transaction_) return refuse(Say::need_mail);
    if (transaction_->decoder) return refuse(Say::chunks_begun);
    if (transaction_->envelope.recipients.empty()) return refuse(Say::no_recipients);
    chunk_asked_ = false;
    ask(Step::ask_data);
}

void Server::do_bdat(std::string_view argument) {
    const bool awaited = awaits_chunk_;
    awaits_chunk_ = false;
    const std::string_view count = first_word(argument);
    const std::string_view last = skip_blanks(argument.substr(count.size()));
    const auto octets = parse_decimal<std::uint64_t>(count);
    if (!octets || (!last.empty() && !ascii::equal(last, "LAST"))) {
        refuse(Say::bdat_syntax);
        close_pending_ = true;  // see obey()
        return;
    }
    chunk_left_ = *octets;
    chunk_last_ = !last.empty();
    awaits_chunk_ = !chunk_last_ && (awaited || transaction_);
    if (no_service_) return refuse_chunk(Say::no_service);
    if (!greeted_) return refuse_chunk(Say::need_helo);
    if (!offered().has(Extension::chunking)) return refuse_chunk(Say::not_implemented);
    if (!transaction_) return refuse_chunk(Say::need_mail);
    if (transaction_->envelope.recipients.empty()) return refuse_chunk(Say::no_recipients);

    const std::uint64_t before = transaction_->decoder ? decoder().octets() : 0;
    if (chunk_left_ > UINT64_MAX - before || over_size(before + chunk_left_)) {
        end_transaction(EndedBy::too_big);
        return refuse_chunk(Say::too_big);
    }
    if (transaction_->decoder) {
        mode_ = Mode::chunk;
        return;
    }
    chunk_asked_ = true;
    ask(Step::ask_data);
}

void Server::do_rset(std::string_view /*argument*/) {
    end_transaction(EndedBy::rset);
    say(Say::ok);
}

void Server::do_noop(std::string_view /*argument*/) {
    say(Say::ok);
}

void Server::do_help(std::string_view /*argument*/) {
    say(Say::help);
}

void Server::do_vrfy(std::string_view /*argument*/) {
    say(Say::cannot_verify);
}

void Server::do_quit(std::string_view /*argument*/) {
    end_transaction(EndedBy::quit);
    say(Say::bye);
    close_pending_ = true;
}

/// A verb we know and do not offer: EXPN (it would tell spammers who is here).
void Server::do_not_offered(std::string_view /*argument*/) {
    refuse(Say::not_implemented);
}

void Server::do_starttls(std::string_view /*argument*/) {
    if (!options_->starttls) return refuse(Say::not_implemented);
    if (secure_) return refuse(Say::tls_is_active);
    if (transaction_) return refuse(Say::starttls_in_transaction);
    if (!offered().has(Extension::starttls)) return refuse(Say::starttls_not_offered);
    ask(Step::ask_starttls);
}

/// AUTH mechanism [initial-response] (RFC 4954 4).
void Server::do_auth(std::string_view argument) {
    if (options_->auth == ServerOptions::Auth::off) return refuse(Say::not_implemented);
    if (options_->auth == ServerOptions::Auth::over_tls && !secure_) return refuse(Say::auth_needs_tls);
    if (!offered().has(Extension::auth)) return refuse(Say::auth_not_offered);
    if (authenticated_) return refuse(Say::authenticated_already);
    if (transaction_) return refuse(Say::auth_in_transaction);
    // The line goes on to the MTA as it is: no tab in it.
    const std::string_view mechanism = argument.substr(0, argument.find(' '));
    const std::string_view initial = ascii::skip_spaces(argument.substr(mechanism.size()));
    const bool well_formed =
        !mechanism.empty() && mechanism.size() <= 20 &&
        std::ranges::all_of(mechanism, [](char c) { return ascii::is_alnum(c) || c == '-' || c == '_'; }) &&
        (initial.empty() || initial == "=" || is_base64(initial));
    if (!well_formed) return refuse(Say::auth_syntax);
    lent_ = argument;
    ask(Step::ask_auth);
}

void Server::do_xclient(std::string_view argument) {
    if (!options_->accept_xclient) return refuse(Say::unknown_command);
    if (transaction_) return refuse(Say::xclient_in_transaction);
    ClientIdentity identity = forwarded_ ? *forwarded_ : ClientIdentity();
    const bool taken = apply_xclient(argument, identity);
    // Of a refused one, too, what stands before the bad attribute is in force: so it is in Postfix.
    forwarded_ = std::make_unique<ClientIdentity>(std::move(identity));
    identity_pending_ = true;
    if (!taken) return refuse(Say::xclient_syntax);
    forget_hello();
    say({220, options_->hostname + " ESMTP"});
}

void Server::do_proxy(std::string_view /*argument*/) {
    hang_up(Say::not_proxy);
}

void Server::do_http(std::string_view /*argument*/) {
    hang_up(Say::not_http);
}

}  // namespace sluice::smtp
