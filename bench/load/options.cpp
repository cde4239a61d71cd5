#include "load/options.hpp"

#include <arpa/inet.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "load/class_text.hpp"

namespace load {
namespace {

constexpr std::array<std::pair<Kind, std::string_view>, 9> kinds{{{Kind::mail, "mail"},
                                                                  {Kind::bounce, "bounce"},
                                                                  {Kind::churn, "churn"},
                                                                  {Kind::hold, "hold"},
                                                                  {Kind::loris, "loris"},
                                                                  {Kind::drip, "drip"},
                                                                  {Kind::peek, "peek"},
                                                                  {Kind::rush, "rush"},
                                                                  {Kind::bot, "bot"}}};

std::optional<sockaddr_in> parse_target(const std::string& text) {
    const auto colon = text.rfind(':');
    if (colon == std::string::npos) return std::nullopt;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    std::uint16_t port = 0;
    const char* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data() + colon + 1, end, port);
    if (parsed.ec != std::errc{} || parsed.ptr != end || port == 0) return std::nullopt;
    if (inet_pton(AF_INET, text.substr(0, colon).c_str(), &address.sin_addr) != 1) return std::nullopt;
    address.sin_port = htons(port);
    return address;
}

/// The command line's words, before they are interpreted.
struct Words {
    std::string target;
    std::string sources;
    std::vector<std::string> classes;
};

void add_clients(CLI::App& command, ClassOptions& options, Words& words) {
    command.add_option("--clients", options.clients, "connections at once")
        ->check(CLI::Range(1U, 1'000'000U))
        ->capture_default_str();
    command.add_option("--sources", words.sources,
                       "IPv4 network the clients' addresses are taken from, in turn");
    command.add_option("--timeout", options.timeout_s, "seconds without a word until a client has failed")
        ->capture_default_str();
}

void add_transactions(CLI::App& command, ClassOptions& options) {
    command.add_option("--persistent", options.persistent, "transactions a connection")
        ->check(CLI::Range(1U, 1'000'000'000U))
        ->capture_default_str();
    command.add_flag("--pipelined", options.pipelined, "MAIL, RCPT (and DATA) in one write");
    command.add_option("--recipient", options.recipient, "default good@bench.test, or unknown@bench.test");
}

/// The subcommands for a single class of clients; each has its kind's name.
void add_single(CLI::App& app, Options& options, ClassOptions& only, Words& words) {
    CLI::App* const mail = app.add_subcommand("mail", "good mail, to its 250 after the dot");
    CLI::App* const bounce = app.add_subcommand("bounce", "a recipient that is refused with 550");
    CLI::App* const churn = app.add_subcommand("churn", "connect, greeting, QUIT");
    CLI::App* const hold = app.add_subcommand("hold", "connections kept open; one JSON line a second");
    for (CLI::App* command : {mail, bounce, churn, hold})
        add_clients(*command, only, words);
    for (CLI::App* command : {mail, bounce, churn})
        command->add_option("--units", only.units, "how many in all (default 1000)");
    add_transactions(*mail, only);
    add_transactions(*bounce, only);
    mail->add_option("--size", only.message_octets, "octets of the message")->capture_default_str();
    bounce->add_flag("--random", only.random_recipients, "a different recipient each time");
    bounce->add_option("--recipients", only.recipients, "so many different recipients, in turn");
    hold->add_option("--seconds", options.seconds, "end after so long (or at SIGTERM; default 30)");
    hold->add_option("--rate", only.opened_per_s, "connections opened a second (default 5000)");
    hold->add_option("--read-every-ms", only.read_every_ms, "look what has come so often; 0 = at once");
    hold->add_flag("--silent", only.silent, "say nothing after the greeting");
}

void complete_single(Options& options, ClassOptions& only) {
    only.kind = kind_named(options.mode).value_or(Kind::mail);  // each subcommand is a kind
    only.name = options.mode;
    if (only.kind == Kind::hold) {
        only.replaced = false;
        options.every_second = true;
        if (only.opened_per_s <= 0) only.opened_per_s = 5000;
        if (options.seconds <= 0) options.seconds = 30;
    } else if (only.units == 0) {
        only.units = 1000;
    }
}

}  // namespace

std::string_view name(Kind kind) {
    return std::ranges::find(kinds, kind, &std::pair<Kind, std::string_view>::first)->second;
}

std::optional<Kind> kind_named(std::string_view name) {
    const auto* const found = std::ranges::find(kinds, name, &std::pair<Kind, std::string_view>::second);
    return found == kinds.end() ? std::nullopt : std::optional(found->first);
}

ParseResult parse_options(int argc, char** argv) {
    Options options;
    ClassOptions only;
    Words words;
    CLI::App app{
        "sluice-load: SMTP clients in great number. Prints one JSON line; exit 1 if any unit failed."};
    app.require_subcommand(1);
    add_single(app, options, only, words);
    CLI::App* const mix = app.add_subcommand("mix", "several classes of clients at once");
    mix->add_option("--class", words.classes, "KEY=VALUE,…: " + class_keys())->required();
    mix->add_option("--seconds", options.seconds, "begin nothing later; 0 = until all units are done");
    for (CLI::App* command : app.get_subcommands({})) {
        command->add_option("--to", words.target, "the server: IPV4:PORT")->required();
        command->add_option("--seed", options.seed, "of all that is random")->capture_default_str();
    }

    const auto refused = [&app](const char* option, const std::string& why) {
        return ParseResult{.options = std::nullopt, .exit_code = app.exit(CLI::ValidationError(option, why))};
    };
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return {.options = std::nullopt, .exit_code = app.exit(error)};
    }
    options.mode = app.get_subcommands().front()->get_name();
    const std::optional<sockaddr_in> address = parse_target(words.target);
    if (!address) return refused("--to", "not IPV4:PORT: " + words.target);
    options.target = *address;
    if (!words.sources.empty()) {
        only.sources = SourceAddresses::parse(words.sources);
        if (!only.sources) return refused("--sources", "not an IPv4 network: " + words.sources);
    }
    for (const std::string& text : words.classes) {
        const auto read = parse_class(text);
        if (!read) return refused("--class", "not understood: " + read.error());
        if (read->units == 0 && options.seconds <= 0) return refused("--class", "without end: " + read->name);
        options.classes.push_back(*read);
    }
    if (words.classes.empty()) {
        complete_single(options, only);
        options.classes.push_back(only);
    }
    return {.options = options, .exit_code = 0};
}

}  // namespace load
