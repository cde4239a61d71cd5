#include "app/cli/store_command_line.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <string>
#include <string_view>
#include <vector>

#include "app/process/duration.hpp"
#include "base/decimal.hpp"
#include "base/ip.hpp"
#include "policy/place.hpp"
#include "policy/signal_catalogue.hpp"

namespace sluice::app {

namespace {

constexpr const char* remembered_footer =
    "The store keeps it, all workers obey it within a second, and it survives restarts.\n"
    "Every change is logged.";

std::string network_fault(const std::string& text) {
    if (Network::parse(text)) return "";
    const std::size_t slash = text.find('/');
    const auto address = IpAddress::parse(text.substr(0, slash));
    if (!address || slash == std::string::npos) return text + " is not an address or NETWORK/PREFIX";
    const auto prefix = parse_decimal<unsigned>(std::string_view(text).substr(slash + 1));
    if (!prefix || *prefix > address->bits()) return text + " is not an address or NETWORK/PREFIX";
    return fmt::format("{} has bits beyond its prefix; did you mean {}?", text,
                       Network(*address, *prefix).to_string());
}

/// Also accepts an ASN or a country: those have a reputation as well.
std::string reputation_fault(const std::string& text) {
    return policy::parse_place(text) ? "" : network_fault(text);
}

std::string address_fault(const std::string& text) {
    return IpAddress::parse(text) ? "" : text + " is not an address";
}

/// The fault of a text that names no signal, or a signal that `explain` cannot assume.
std::string signal_fault(const std::string& text) {
    const auto id = policy::signal_named(text);
    if (!id) {
        std::vector<std::string_view> names;
        for (const policy::SignalRow& row : policy::signal_catalogue())
            if (!row.per_zone) names.push_back(row.name);
        return fmt::format("{} is no signal; those that can be shown are {}",
                           text.empty() ? "the empty word" : text, fmt::join(names, ", "));
    }
    if (policy::row_of(*id).per_zone)
        return text + " is weighed by its zone: explain asks the DNS lists itself";
    return "";
}

std::string duration_fault(const std::string& text) {
    return parse_duration(text) ? "" : text + " is not a duration such as 90s, 30m, 1h or 2d";
}

/// Adds commands that identify a running Sluice by the same flags and each do one thing.
class Adding {
  public:
    Adding(RunFlags& run, std::function<int()>& chosen) : run_(run), chosen_(chosen) {}

    CLI::App& command(CLI::App& above, const char* name, const char* what, std::function<int()> act) {
        CLI::App& added = *above.add_subcommand(name, what);
        add_ask_flags(added, run_);
        added.callback([&chosen = chosen_, act = std::move(act)] { chosen = act; });
        return added;
    }
    static CLI::App& group(CLI::App& above, const char* name, const char* what) {
        CLI::App& added = *above.add_subcommand(name, what);
        added.require_subcommand(1);
        return added;
    }

  private:
    RunFlags& run_;
    std::function<int()>& chosen_;
};

CLI::Option* add_network(CLI::App& command, std::string& network) {
    return command.add_option("NETWORK", network, "192.0.2.0/24, 2001:db8::/32 or an address")
        ->check(network_fault)
        ->type_name("");
}

CLI::Option* add_network_or_place(CLI::App& command, std::string& name) {
    return command
        .add_option("NETWORK", name, "An address, its network (192.0.2.0/24, 2001:db8::/48), AS64500 or DE")
        ->check(reputation_fault)
        ->type_name("");
}

void add_term_and_reason(CLI::App& command, ActFlags& flags) {
    command.add_option("--for", flags.duration, "Duration: 90s, 30m, 1h, 2d (default: for ever)")
        ->type_name("TIME")
        ->check(duration_fault);
    command.add_option("--why", flags.why, "A reason, for the log and `sluice acts`")->type_name("TEXT");
}

void add_forget_command(CLI::App& app, ForgetFlags& flags, std::function<int()>& chosen) {
    CLI::App& command = Adding(flags.run, chosen)
                            .command(app, "forget",
                                     "Forget all that is known of a network: the operator's act, its "
                                     "short-term block, its reputation and its counts",
                                     [&flags] { return forget(flags); });
    add_network(command, flags.network)->required();
    command.add_flag("--act", flags.act, "Only the operator's act (`sluice allow`, `sluice block`)");
    command.add_flag("--reputation", flags.reputation, "Only its reputation");
    command.add_flag("--dry-run", flags.dry_run, "Say what would be forgotten, and forget nothing");
}

void add_act_commands(CLI::App& app, StoreCommandFlags& flags, std::function<int()>& chosen) {
    Adding adding(flags.act.run, chosen);
    ActFlags& act = flags.act;
    CLI::App& allow_command =
        adding.command(app, "allow", "Let a network straight through, whatever is known of it",
                       [&act] { return allow(act); });
    add_network(allow_command, act.network)->required();
    add_term_and_reason(allow_command, act);
    allow_command.footer(remembered_footer);

    CLI::App& block_command = adding.command(app, "block", "Refuse a network, put it off or slow it down",
                                             [&act] { return block(act); });
    add_network(block_command, act.network)->required();
    block_command.add_option("--lane", act.lane, "Lane to put it into")
        ->type_name("LANE")
        ->check(CLI::IsMember({"slow", "defer", "reject"}))
        ->capture_default_str();
    add_term_and_reason(block_command, act);
    block_command.footer(remembered_footer);

    CLI::App& unblock_command =
        adding.command(app, "unblock", "End a block on a network, and its short-term block",
                       [&act] { return unblock(act); });
    add_network(unblock_command, act.network)->required();
    unblock_command.footer(
        "Reputation stays. Exit codes: 1 it is still blocked, as a part of a larger network.");

    add_forget_command(app, flags.forget, chosen);

    Adding(flags.run, chosen)
        .command(app, "acts",
                 "List the operator's acts on networks: which lane, how long still, by whom and why",
                 [&flags] { return list_acts(flags.run); });
}

void add_reputation_commands(CLI::App& app, ReputationFlags& flags, std::function<int()>& chosen) {
    Adding adding(flags.run, chosen);
    CLI::App& group = Adding::group(
        app, "reputation", "Show or forget what is believed of clients, networks, ASNs and countries");
    CLI::App& show = adding.command(
        group, "show", "Show a reputation and its evidence; without a network the worst and the best",
        [&flags] { return show_reputation(flags); });
    add_network_or_place(show, flags.network);
    show.add_option("--count", flags.count, "Number of the worst, and of the best, to list")
        ->type_name("N")
        ->check(CLI::Range(std::size_t{1}, std::size_t{1000}))
        ->capture_default_str();
    CLI::App& reset =
        adding.command(group, "reset", "Forget a reputation", [&flags] { return reset_reputation(flags); });
    add_network_or_place(reset, flags.network)->required();
}

void add_record_commands(CLI::App& app, RecordFlags& flags, std::function<int()>& chosen) {
    Adding adding(flags.run, chosen);
    CLI::App& greylist =
        Adding::group(app, "greylist", "List or forget who was asked to come again, and who has");
    adding
        .command(greylist, "list", "List them by origin and domain of the sender",
                 [&flags] { return list_greylist(flags); })
        .add_option("--limit", flags.limit, "Number of lines to print")
        ->type_name("N")
        ->capture_default_str();
    adding.command(greylist, "forget", "Forget all of an origin", [&flags] { return forget_greylist(flags); })
        .add_option("ORIGIN", flags.what, "An origin, as the list names it")
        ->type_name("")
        ->required();

    CLI::App& cache =
        Adding::group(app, "cache", "Show or forget what MTAs said of recipients, where it is shared");
    adding
        .command(cache, "show", "Show the answer about one recipient", [&flags] { return show_cache(flags); })
        .add_option("ADDRESS", flags.what, "A recipient")
        ->type_name("")
        ->required();
    adding
        .command(cache, "purge", "Forget the answer about one recipient, or all answers",
                 [&flags] { return purge_cache(flags); })
        .add_option("ADDRESS", flags.what, "A recipient; none = all")
        ->type_name("");
}

void add_state_commands(CLI::App& app, RunFlags& flags, std::function<int()>& chosen) {
    Adding adding(flags, chosen);
    CLI::App& group = Adding::group(app, "state", "Write or read all records of the store, as lines of JSON");
    adding.command(group, "dump", "Write all records to standard output",
                   [&flags] { return dump_state(flags); });
    adding.command(group, "load", "Read records from standard input and add them",
                   [&flags] { return load_state(flags); });
}

void add_explain_command(CLI::App& app, ExplainFlags& flags, std::function<int()>& chosen) {
    CLI::App& command =
        Adding(flags.run, chosen)
            .command(app, "explain",
                     "Say what would happen to a client now, and why: every signal, its weight and source",
                     [&flags] { return explain(flags); });
    command.add_option("ADDRESS", flags.address, "Address of the client")
        ->check(address_fault)
        ->type_name("")
        ->required();
    command.add_option("--helo", flags.helo, "Name that the client gives in HELO")->type_name("NAME");
    command.add_option("--sender", flags.sender, "Sender of its mail; <> for a bounce")->type_name("ADDRESS");
    command.add_option("--rcpt", flags.recipients, "Recipient of its mail; may be given several times")
        ->type_name("ADDRESS")
        ->take_all();
    command
        .add_option("--showing", flags.shown,
                    "Signals that show within a session only: judge as if the client showed them, too")
        ->type_name("SIGNAL[,SIGNAL...]")
        ->delimiter(',')
        ->check(signal_fault)
        ->take_all();
    command.add_flag("--json", flags.json, "Print one JSON object");
}

}  // namespace

void add_ask_flags(CLI::App& command, RunFlags& flags) {
    command
        .add_option("--config", flags.config,
                    "The configuration that Sluice runs with; by default /etc/sluice/sluice.toml, or where "
                    "that is absent the one of the running Sluice")
        ->type_name("FILE");
    command
        .add_option("--state-dir", flags.state_dir,
                    "State directory of the running Sluice, if a flag of `sluice run` named it")
        ->type_name("DIR");
}

void add_store_commands(CLI::App& app, StoreCommandFlags& flags, std::function<int()>& chosen) {
    add_explain_command(app, flags.explain, chosen);
    add_act_commands(app, flags, chosen);
    add_reputation_commands(app, flags.reputation, chosen);
    add_record_commands(app, flags.record, chosen);
    add_state_commands(app, flags.run, chosen);
}

}  // namespace sluice::app
