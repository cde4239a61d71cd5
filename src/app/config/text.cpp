#include "app/config/text.hpp"

#include <array>
#include <fmt/format.h>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include "app/config/config.hpp"
#include "app/config/keys.hpp"
#include "app/config/policy_keys.hpp"

namespace sluice::app {

namespace {

constexpr std::pair<std::string_view, std::string_view> section_texts[] = {
    {"relay", "The MTA side."},
    {"relay.pool", "The connections a worker has to the MTAs, and how long it waits for them."},
    {"recipients", "The verification of recipients before the MTA is asked to take mail for them."},
    {"smtp", "The name that clients are told, and what they are offered and allowed."},
    {"tls", "STARTTLS (RFC 3207). The keys are read once, by the supervisor, before it has workers."},
    {"proxy_protocol", "Clients that come by way of a load balancer."},
    {"limits",
     "Every bound of a session and a message, with the reply that a client hears when it passes it."},
    {"pace",
     "The slow lane: replies that take their time, kept inside the clocks of RFC 5321 4.5.3.2 and of the "
     "senders in docs/guide/senders.md."},
    {"policy", "The choice of the lane that a client is put into."},
    {"policy.thresholds", "Scores at which a client changes lane."},
    {"policy.signals",
     "Signals that a client can show, with their weights: above zero against the client, below zero for it, "
     "and at zero the signal is not looked for. The guide (signals.md) says more. DNS lists have weights of "
     "their own."},
    {"policy.pregreet", "The wait by which clients are known that do not wait for the greeting."},
    {"policy.networks",
     "Networks whose clients are put into a lane outright; the longest prefix wins. The same "
     "network on two lists is an error."},
    {"policy.unknown_recipients", "Guessing at recipients as a signal."},
    {"state", "The store, in which sessions, workers and machines remember together (`store`)."},
    {"policy.reputation",
     "The belief about a client that follows from how it and those around it have behaved."},
    {"policy.rates",
     "Limits on what clients do at once and in a window of time; a client that is over one shows a signal."},
    {"policy.rates.client", "Limits for one address (IPv6: /64)."},
    {"policy.rates.network", "Limits for one network, /24 (IPv6: /48)."},
    {"policy.rates.all", "Limits for everybody together."},
    {"policy.overload", "The clients that are let in when there is too much to do (event `pressure`)."},
    {"policy.greylist", "Clients that have not been seen before are asked to come again."},
    {"dns", "Questions to DNS, for lists and names."},
    {"spool", "The place where messages wait between the client's dot and the MTA's 250."},
    {"log",
     "One line for each session and each transaction, and one for what happens to Sluice itself. "
     "When a client is told something in Sluice's own words, `mta_reply` holds what the MTA said."},
};

std::string_view section_of(std::string_view name) {
    const auto dot = name.rfind('.');
    return dot == std::string_view::npos ? std::string_view() : name.substr(0, dot);
}

std::string_view base_of(std::string_view name) {
    const auto dot = name.rfind('.');
    return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

// Describes the allowed values of a row, for people.
template <class T>
struct Describe {
    std::string operator()(const IntegerKind<T>& kind) const {
        return fmt::format("integer, {}{}{}", bounds_text(kind.least, kind.most, kind.zero_too),
                           kind.why.empty() ? "" : ": ", kind.why);
    }
    std::string operator()(const BooleanKind<T>&) const { return "boolean"; }
    std::string operator()(const TextKind<T>& kind) const { return fmt::format("string: {}", kind.form); }
    std::string operator()(const ChoiceKind<T>& kind) const {
        return fmt::format("\"{}\"", fmt::join(kind.names.begin(), kind.names.end(), "\", \""));
    }
    std::string operator()(const ListKind<T>& kind) const { return fmt::format("list of {}", kind.form); }
    std::string operator()(const TableKind<T>& kind) const { return fmt::format("table of {}", kind.form); }
};

// Writes the present value as TOML.
template <class T>
struct Render {
    T& target;

    std::string operator()(const IntegerKind<T>& kind) const { return fmt::to_string(kind.get(target)); }
    std::string operator()(const BooleanKind<T>& kind) const { return kind.at(target) ? "true" : "false"; }
    std::string operator()(const TextKind<T>& kind) const { return toml_string(kind.at(target)); }
    std::string operator()(const ChoiceKind<T>& kind) const {
        return toml_string(kind.names[kind.get(target)]);
    }
    std::string operator()(const ListKind<T>& kind) const {
        return kind.render == nullptr ? "[]" : kind.render(target);
    }
    std::string operator()(const TableKind<T>&) const { return "{}"; }
};

/// Formats a text as comment lines.
std::string comment(std::string_view text) {
    constexpr std::size_t width = 100;
    std::string out = "#";
    std::size_t column = 1;
    while (!text.empty()) {
        const auto space = text.find(' ');
        const std::string_view word = text.substr(0, space);
        if (column + 1 + word.size() > width) {
            out += "\n#";
            column = 1;
        }
        out += ' ';
        out += word;
        column += 1 + word.size();
        text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
    }
    return out + '\n';
}

/// The example of a list whose default is empty; it is written as a comment.
std::string_view example_of(const Key<Config>& key) {
    const auto* list = std::get_if<ListKind<Config>>(&key.kind);
    return list == nullptr || list->example == nullptr ? std::string_view() : list->example;
}

template <class T>
std::string row_text(const Key<T>& key, T& defaults) {
    return fmt::format("- **`{}`** = `{}` ({})  \n  {}\n", base_of(key.name),
                       std::visit(Render<T>{defaults}, key.kind), std::visit(Describe<T>{}, key.kind),
                       key.doc);
}

template <class T>
std::string element_text(std::string_view heading, std::string_view intro, std::span<const Key<T>> keys) {
    std::string out = fmt::format("\n### {}\n\n{}\n\n", heading, intro);
    T defaults;
    for (const Key<T>& key : keys)
        out += row_text(key, defaults);
    return out;
}

}  // namespace

std::string_view section_text(std::string_view section) {
    for (const auto& [name, text] : section_texts)
        if (name == section) return text;
    return {};
}

std::string bounds_text(std::int64_t least, std::int64_t most, bool zero_too) {
    return fmt::format("{}{}..{}", zero_too ? "0, or " : "", least, most);
}

std::string toml_string(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

std::string default_config_text() {
    std::string out = "# Every key of Sluice's configuration with its default.\n";
    Config defaults;
    std::string_view section;
    for (const Key<Config>& key : config_keys()) {
        if (section_of(key.name) != section) {
            section = section_of(key.name);
            out += fmt::format("\n{}[{}]\n", comment(section_text(section)), section);
        }
        const std::string_view example = example_of(key);
        const std::string value =
            example.empty() ? std::visit(Render<Config>{defaults}, key.kind) : std::string(example);
        out += fmt::format("\n{}{}{}{} = {}\n", comment(key.doc),
                           comment(fmt::format("({})", std::visit(Describe<Config>{}, key.kind))),
                           example.empty() ? "" : "# ", base_of(key.name), value);
    }
    return out;
}

std::string config_reference() {
    std::string out =
        "# Configuration reference\n"
        "\n"
        "<!-- Made by `sluice check --print-reference`; a test compares the two. Change "
        "src/app/config/keys.cpp instead. -->\n"
        "\n"
        "One TOML file. Every key has a default, so an empty file, or none, works. Unknown keys and values "
        "out of bounds are errors, with line and column. Durations and sizes carry their unit in the name. "
        "`sluice check --print-defaults` prints all of this as a file to start from; the flags of `sluice "
        "run` override the file.\n"
        "\n"
        "Each key is shown with its default and, in brackets, what it takes.\n"
        "\n"
        "## Top level\n"
        "\n";
    Config defaults;
    std::string_view section;
    for (const Key<Config>& key : config_keys()) {
        if (section_of(key.name) != section) {
            section = section_of(key.name);
            out += fmt::format("\n## [{}]\n\n{}\n\n", section, section_text(section));
        }
        out += row_text(key, defaults);
        if (key.name == "relay.mta")
            out += element_text<UpstreamEntry>("[[relay.mta]]", "One MTA. Only `address` is required.",
                                               upstream_keys());
        if (key.name == "tls.slow_sessions_max")
            out += element_text<net::TlsChain>("[[tls.chain_files]]", "One certificate. Both are required.",
                                               chain_keys());
        if (key.name == "policy.dnswl")
            out += element_text<policy::DnsListOptions>("[[policy.dnsbl]] and [[policy.dnswl]]",
                                                        "One DNS list. Only `zone` is required.",
                                                        dns_list_keys());
        if (key.name == "policy.bots")
            out += element_text<policy::BotSignature>(
                "[[policy.bots]]", "One bot. `name` and `after_s` are required.", bot_keys());
    }
    return out;
}

}  // namespace sluice::app
