// The verbs: each has a row in the table and a member function.
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

/// The text behind "FROM:" or "TO:"; nothing when `argument` begins differently.
std::optional<std::string_view> after_keyword(std::string_view argument, std::string_view keyword) {
    if (!ascii::starts_with(argument, keyword)) return std::nullopt;
    return argument.substr(keyword.size());
}

/// Whether nobody could have meant this as a command: a verb with binary octets, as in a TLS handshake, or a
/// message header.
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
    bool junk = false;             // useless for mail: counted, and bounded
    bool holds_address = false;    // may be UTF-8 where SMTPUTF8 was offered
    bool holds_name = false;       // may be UTF-8: no extension can have been offered yet
    bool without_service = false;  // obeyed even after a 554 greeting
    bool ends_group = false;       // the client must wait for its reply
    bool foreign = false;          // of another protocol
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
        // BDAT checks itself, because its chunk must not be taken for commands, whatever is wrong with it.
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
        // Only a trusted proxy may send a PROXY header, and only before the greeting: the client gets no new
        // identity, and the session ends.
        {.verb = "PROXY", .action = &Server::do_proxy, .foreign = true},
        // An HTTP client that a web page has sent here may have SMTP commands in its body: none of them is
        // read.
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
        // A refused BDAT leaves its chunk behind, which would be taken for commands. A command behind a bare
        // LF may have been smuggled into an argument.
        if (is_bdat || *fault == Say::bare_newline_command) close_pending_ = true;
        return;
    }
    assert(command != nullptr);  // fault_of() refuses unknown verbs
    if (!count_junk(*command)) return;
    if (command->argument == Wants::nothing && !argument.empty()) return refuse(Say::no_argument_wanted);
    if (command->argument == Wants::an_argument && argument.empty()) return refuse(Say::argument_wanted);
    (this->*command->action)(argument);
}

/// Notes the oddities of a command line. A chunk may always follow its BDAT at once.
void Server::look_askance(std::string_view line, const Command* command, bool ends_in_crlf,
                          bool more_follows) {
    if (!ends_in_crlf) odd_.bare_newline = true;
    const bool is_bdat = command != nullptr && command->action == &Server::do_bdat;
    const bool ends_group =
        !offered().has(Extension::pipelining) || (command != nullptr && command->ends_group);
    if (more_follows && ends_group && !is_bdat) odd_.early_pipelining = true;
    if (command != nullptr ? command->foreign : is_foreign(line)) odd_.non_smtp = true;
}

/// The fault of a command line, before its argument is parsed.
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
    helo_.shrink_to_fit();  // very many sessions are held
    esmtp_before_ = esmtp_;
    esmtp_ = esmtp;
    ask(Step::ask_helo);
}

/// Whether an address of this client's must have a domain.
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
    // This is no error of the client's: it sends a long list in several transactions (RFC 5321 4.5.3.1.10).
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

/// EXPN is known and not offered: it would tell spammers which addresses exist.
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
    // The line goes on to the MTA as it is, so it must not contain a tab.
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
    // Even after a refusal the attributes before the bad one are in force, as in Postfix.
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
