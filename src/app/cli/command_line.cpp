#include "app/cli/command_line.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <fmt/format.h>
#include <functional>
#include <string>

#include "app/cli/commands.hpp"
#include "app/cli/no_command.hpp"
#include "app/cli/store_command_line.hpp"
#include "app/config/find_config.hpp"
#include "app/inspect/lists_text.hpp"
#include "app/process/exit_codes.hpp"
#include "front/held_sessions.hpp"
#include "net/socket.hpp"

namespace sluice::app {

namespace {

/// The action of the command on the line. Each command stores its own here when it is chosen.
using Chosen = std::function<int()>;

constexpr const char* description =
    "Sluice stands on port 25 in front of a mail server: it holds very many sessions for almost nothing,\n"
    "lets good senders through, slows suspicious ones to a trickle, refuses unknown recipients before the\n"
    "mail server hears of them, and carries thousands of clients over a handful of connections to it.";

constexpr const char* exit_codes_text =
    "Exit codes: 0 done; 1 failed at run time; 2 a flag or the configuration is wrong.";

constexpr const char* run_footer =
    "Flags override the file. Without a file and flags, Sluice listens on 127.0.0.1:2525 and relays to\n"
    "127.0.0.1:2526, where `sluice sink` listens; --config /dev/null does without a file that is there.\n"
    "Signals: SIGTERM and SIGINT drain (no new sessions, transactions under way finish within\n"
    "limits.drain_max_s) and exit 0, a second SIGINT at once; SIGHUP reads the configuration again, as\n"
    "`sluice reload` does, and opens the log file anew; SIGUSR1 only opens the log file anew.";

constexpr const char* ask_footer =
    "The running Sluice is found by its state directory, that of the configuration or the flag.\n"
    "Exit codes: 0 it is done; 1 it is refused, and everything goes on as before; 2 the configuration is\n"
    "wrong.";

std::string server_fault(const std::string& text) {
    return net::ServerAddress::parse(text) ? "" : text + " is not ADDR:PORT or unix:/PATH";
}

std::string endpoint_fault(const std::string& text) {
    return net::Endpoint::parse(text) ? "" : text + " is not ADDR:PORT";
}

void add_run_flags(CLI::App& command, RunFlags& flags) {
    command
        .add_option("--config", flags.config,
                    "The configuration, a TOML file, see sluice.toml(5); by default /etc/sluice/sluice.toml, "
                    "if it is there")
        ->type_name("FILE");
    command.add_option("--listen", flags.listen, "Address where clients connect; may be given several times")
        ->type_name("ADDR:PORT")
        ->check(endpoint_fault)
        ->take_all();
    command.add_option("--relay", flags.relay, "The MTA behind; may be given several times")
        ->type_name("ADDR:PORT|unix:PATH")
        ->check(server_fault)
        ->take_all();
    command.add_option("--workers", flags.workers, "Worker processes; 0 = one for each processor core")
        ->type_name("N")
        ->check(CLI::Range(0U, 1024U));
    command.add_option("--state-dir", flags.state_dir, "Directory where Sluice keeps files")
        ->type_name("DIR");
    command.add_option("--log", flags.log, "One JSON object a line, or lines for people")
        ->type_name("FORMAT")
        ->check(CLI::IsMember({"json", "pretty"}));
}

void add_check_flags(CLI::App& command, CheckFlags& flags) {
    add_run_flags(command, flags.run);
    command.add_flag("--probe,!--no-probe", flags.probe,
                     "Ask each MTA what it can do, and name servers, DNS lists and Redis whether they answer "
                     "(default), or ask nobody");
    command.add_flag("--print-defaults", flags.print_defaults,
                     "Print every key with its default as a commented TOML file, and do nothing else");
    command.add_flag("--print-postconf", flags.print_postconf,
                     "Print commands that give Postfix a listener for Sluice, and do nothing else");
    command.add_flag("--print-master-cf", flags.print_master_cf,
                     "Print the same as lines of master.cf, for a template, and do nothing else");
    command
        .add_option("--postfix-config", flags.postfix_directory,
                    "Directory of the main.cf and master.cf whose public listener the printed one replaces")
        ->type_name("DIR");
    command.add_flag("--print-reference", flags.print_reference, "Print docs/guide/config.md")->group("");
}

void add_sink_flags(CLI::App& command, SinkFlags& flags) {
    command.add_option("--listen", flags.listen, "Address to listen at; may be given several times")
        ->type_name("ADDR:PORT")
        ->check(endpoint_fault)
        ->take_all()
        ->capture_default_str();
    command.add_option("--maildir", flags.maildir, "The Maildir that mail is put into; made when missing")
        ->type_name("DIR")
        ->required();
    command
        .add_option("--recipients", flags.recipients,
                    "A file with an address, or @domain, a line: nobody else exists (550 5.1.1)")
        ->type_name("FILE");
    command.add_option("--hostname", flags.hostname, "Our name in greetings and Received")
        ->type_name("NAME")
        ->capture_default_str();
    command.add_option("--log", flags.log, "One JSON object a line, or lines for people")
        ->type_name("FORMAT")
        ->check(CLI::IsMember({"json", "pretty"}))
        ->capture_default_str();
}

void add_ask_command(CLI::App& app, const char* name, const char* what, int (*ask)(const RunFlags&),
                     RunFlags& flags, Chosen& chosen) {
    CLI::App* command = app.add_subcommand(name, what);
    add_ask_flags(*command, flags);
    command->footer(ask_footer);
    command->callback([ask, &flags, &chosen] { chosen = [ask, &flags] { return ask(flags); }; });
}

int check_found(CheckFlags flags) {
    flags.run = with_default_config(flags.run);
    return check(flags);
}

void add_sessions_command(CLI::App& app, SessionsFlags& flags, Chosen& chosen) {
    CLI::App* command = app.add_subcommand(
        "sessions",
        "List the sessions that are held now: totals by lane, and those that have lasted longest");
    add_ask_flags(*command, flags.run);
    command->add_option("--lane", flags.lane, "Name only sessions of this lane")
        ->type_name("LANE")
        ->check(CLI::IsMember({"fast", "slow", "defer", "reject"}));
    command->add_option("--top", flags.top, "Number of sessions to name")
        ->type_name("N")
        ->check(CLI::Range(std::size_t{0}, front::HeldSessions::oldest_max))
        ->capture_default_str();
    command->callback([&flags, &chosen] { chosen = [&flags] { return list_sessions(flags); }; });
}

int print_lists(bool guide) {
    fmt::print("{}", guide ? known_lists_guide() : known_lists_text());
    return exit_ok;
}

void add_lists_command(CLI::App& app, bool& guide, Chosen& chosen) {
    CLI::App* command = app.add_subcommand(
        "lists", "Print the DNS lists whose codes are known, what each means, and what it weighs by default");
    command->add_flag("--print-guide", guide, "Print docs/guide/lists.md")->group("");
    command->callback([&guide, &chosen] { chosen = [&guide] { return print_lists(guide); }; });
}

constexpr const char* find_footer =
    "Reads the file that log.destination names and those that logrotate has made of it (NAME.1, NAME.2.gz),\n"
    "the oldest first. Exit codes: 0 all of it was read, whether anything was found or not; 1 a file could\n"
    "not be read; 2 the question or the configuration is wrong.";

void add_find_command(CLI::App& app, FindFlags& flags, Chosen& chosen) {
    CLI::App* command =
        app.add_subcommand("find", "Say what the log knows of a mail address, a network or a client's name");
    command->footer(find_footer);
    command
        ->add_option("WHAT", flags.what,
                     "A sender or recipient (alice@example.org, @example.org, <>), a client (192.0.2.7, "
                     "192.0.2.0/24), or a client's name (mail.example.org)")
        ->type_name("");
    command
        ->add_option("--since", flags.since,
                     "Start of the time to look at: 2d, 6h, 2026-11-30, \"2026-11-30 14:00\" (UTC)")
        ->type_name("TIME");
    command
        ->add_option("--log-file", flags.files,
                     "The log, plain or .gz, in place of the configuration's; - is standard input")
        ->type_name("FILE")
        ->allow_extra_args(false);
    command->add_option("--config", flags.run.config, "The configuration that Sluice runs with")
        ->type_name("FILE");
    command->add_flag("--print-guide", flags.print_guide, "Print docs/guide/log.md")->group("");
    command->callback([&flags, &chosen] { chosen = [&flags] { return find_in_log(flags); }; });
}

std::string version_text() {
    return fmt::format("sluice {}", SLUICE_VERSION);
}

int print_version() {
    fmt::print("{}\n", version_text());
    return exit_ok;
}

void add_run_command(CLI::App& app, RunFlags& flags, Chosen& chosen) {
    CLI::App* command = app.add_subcommand("run", "Run the front end: a supervisor and its workers");
    command->footer(run_footer);
    add_run_flags(*command, flags);
    command->callback([&flags, &chosen] { chosen = [&flags] { return run(with_default_config(flags)); }; });
}

void add_ask_commands(CLI::App& app, RunFlags& flags, Chosen& chosen) {
    add_ask_command(
        app, "reload",
        "Let the running Sluice read its configuration again, and say what is wrong with it, if anything",
        reload, flags, chosen);
    add_ask_command(app, "upgrade",
                    "Let the running Sluice give way to the binary that now stands where its own did",
                    upgrade, flags, chosen);
    add_ask_command(app, "metrics", "Print what the running Sluice has counted, as Prometheus reads it",
                    print_metrics, flags, chosen);
}

void add_check_command(CLI::App& app, CheckFlags& flags, Chosen& chosen) {
    CLI::App* command =
        app.add_subcommand("check",
                           "Check the configuration and all that it names (MTAs, name servers, DNS lists, "
                           "Redis, files, ports, certificates), and say what to do about what is wrong");
    command->footer(
        "Exit codes: 0 all is well, or could be better (WARNING); 1 something will hurt (ERROR); 2 the "
        "configuration is wrong.");
    add_check_flags(*command, flags);
    command->callback([&flags, &chosen] { chosen = [&flags] { return check_found(flags); }; });
}

void add_sink_command(CLI::App& app, SinkFlags& flags, Chosen& chosen) {
    CLI::App* command =
        app.add_subcommand("sink",
                           "A small SMTP server that understands XCLIENT from anyone and puts mail into a "
                           "Maildir; for trying things out, never for a public address");
    add_sink_flags(*command, flags);
    command->callback([&flags, &chosen] { chosen = [&flags] { return sink(flags); }; });
}

void add_version_command(CLI::App& app, Chosen& chosen) {
    app.add_subcommand("version", "Print the version")->callback([&chosen] { chosen = print_version; });
}

/// The flags of all commands; they live while the chosen one runs.
struct AllFlags {
    RunFlags run;
    RunFlags ask;
    SessionsFlags sessions;
    StoreCommandFlags store;
    FindFlags find;
    bool lists_guide = false;
    CheckFlags check;
    SinkFlags sink;
};

}  // namespace

int run_command_line(int argc, char** argv) {
    CLI::App app(description, "sluice");
    app.footer(exit_codes_text);
    app.require_subcommand(1);
    app.set_version_flag("--version", version_text());

    AllFlags flags;
    Chosen chosen;
    add_run_command(app, flags.run, chosen);
    add_ask_commands(app, flags.ask, chosen);
    add_sessions_command(app, flags.sessions, chosen);
    add_store_commands(app, flags.store, chosen);
    add_find_command(app, flags.find, chosen);
    add_lists_command(app, flags.lists_guide, chosen);
    add_check_command(app, flags.check, chosen);
    add_sink_command(app, flags.sink, chosen);
    add_version_command(app, chosen);

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() != 0 && app.get_subcommands().empty())
            return refuse_command(app, argc > 1 ? argv[1] : "");
        // CLI11 has exit codes of its own; ours are documented.
        return app.exit(error) == 0 ? exit_ok : exit_usage;
    }
    try {
        return chosen();
    } catch (const std::exception& error) {
        fmt::print(stderr, "sluice: {}\n", error.what());
        return exit_failed;
    }
}

}  // namespace sluice::app
