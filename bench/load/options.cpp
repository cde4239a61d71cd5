#include "load/options.hpp"

#include <arpa/inet.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <map>

namespace load {
namespace {

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

void add_common(CLI::App& command, Options& options, std::string& target, std::string& sources) {
    command.add_option("--to", target, "the server: IPV4:PORT")->required();
    command.add_option("--clients", options.clients, "connections at once")
        ->check(CLI::Range(1U, 1'000'000U))
        ->capture_default_str();
    command.add_option("--sources", sources, "IPv4 network the clients' addresses are taken from, in turn");
    command.add_option("--timeout", options.timeout_s, "seconds without a word until a client has failed")
        ->capture_default_str();
}

void add_units(CLI::App& command, Options& options) {
    command.add_option("--units", options.units, "how many in all")->capture_default_str();
}

void add_transactions(CLI::App& command, Options& options) {
    add_units(command, options);
    command.add_option("--persistent", options.persistent, "transactions a connection")
        ->check(CLI::Range(1U, 1'000'000'000U))
        ->capture_default_str();
    command.add_flag("--pipelined", options.pipelined, "MAIL, RCPT (and DATA) in one write");
    command.add_option("--recipient", options.recipient, "default good@bench.test, or unknown@bench.test");
}

}  // namespace

ParseResult parse_options(int argc, char** argv) {
    Options options;
    std::string target;
    std::string sources;

    CLI::App app{
        "sluice-load: SMTP clients in great number. Prints one JSON line; exit 1 if any unit failed."};
    app.require_subcommand(1);
    CLI::App* const mail = app.add_subcommand("mail", "good mail, to its 250 after the dot");
    CLI::App* const bounce = app.add_subcommand("bounce", "a recipient that is refused with 550");
    CLI::App* const churn = app.add_subcommand("churn", "connect, greeting, QUIT");
    CLI::App* const hold = app.add_subcommand("hold", "connections kept open; one JSON line a second");
    for (CLI::App* command : {mail, bounce, churn, hold})
        add_common(*command, options, target, sources);
    add_transactions(*mail, options);
    add_transactions(*bounce, options);
    add_units(*churn, options);
    mail->add_option("--size", options.message_octets, "octets of the message")->capture_default_str();
    bounce->add_flag("--random", options.random_recipients, "a different recipient each time");
    bounce->add_option("--seed", options.seed, "of --random")->capture_default_str();
    hold->add_option("--seconds", options.seconds, "end after so long (or at SIGTERM)")
        ->capture_default_str();
    hold->add_option("--rate", options.opened_per_s, "connections opened a second")
        ->check(CLI::Range(1U, 1'000'000U))
        ->capture_default_str();
    hold->add_flag("--silent", options.silent, "say nothing after the greeting");

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return {.options = std::nullopt, .exit_code = app.exit(error)};
    }

    const std::map<CLI::App*, Mode> modes{
        {mail, Mode::mail}, {bounce, Mode::bounce}, {churn, Mode::churn}, {hold, Mode::hold}};
    options.mode = modes.at(app.get_subcommands().front());
    if (options.recipient.empty()) {
        options.recipient = options.mode == Mode::bounce ? "unknown@bench.test" : "good@bench.test";
    }
    const auto refused = [&app](const char* option, const std::string& why) {
        return ParseResult{.options = std::nullopt, .exit_code = app.exit(CLI::ValidationError(option, why))};
    };
    const std::optional<sockaddr_in> address = parse_target(target);
    if (!address) return refused("--to", "not IPV4:PORT: " + target);
    options.target = *address;
    if (!sources.empty()) {
        options.sources = SourceAddresses::parse(sources);
        if (!options.sources) return refused("--sources", "not an IPv4 network: " + sources);
    }
    return {.options = options, .exit_code = 0};
}

}  // namespace load
