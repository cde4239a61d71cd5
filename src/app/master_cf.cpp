#include "app/master_cf.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ascii.hpp"
#include "base/decimal.hpp"

namespace sluice::app {

namespace {

constexpr std::string_view cleanup_name = "sluice-cleanup";
constexpr std::string_view separators = ", \t";

/// An option that Sluice sets itself, and why the one of the listener it replaces gives way to it.
struct OwnOption {
    std::string name, value;
    std::string_view why;
};

/// The words of a list parameter; what stands in braces is one word.
std::vector<std::string> words_of(std::string_view list) {
    std::vector<std::string> words;
    std::string word;
    int depth = 0;
    for (const char c : list) {
        if (depth == 0 && separators.find(c) != std::string_view::npos) {
            if (!word.empty()) words.push_back(std::exchange(word, {}));
            continue;
        }
        if (c == '{') ++depth;
        if (c == '}') --depth;
        word += c;
    }
    if (!word.empty()) words.push_back(std::move(word));
    return words;
}

std::string network_word(const IpAddress& address) {
    return address.is_v4() ? address.to_string() : "[" + address.to_string() + "]";
}

/// A network of loopback addresses, as mynetworks writes it; Debian has "[::ffff:127.0.0.0]/104" as well.
bool is_loopback_word(std::string word) {
    std::erase_if(word, [](char c) { return c == '[' || c == ']'; });
    const std::size_t slash = word.find('/');
    const auto address = IpAddress::parse(std::string_view(word).substr(0, slash));
    if (!address || !address->is_loopback()) return false;
    if (slash == std::string::npos) return true;
    const unsigned least = !address->is_v4() ? 128 : word.contains(':') ? 104 : 8;
    return parse_decimal<unsigned>(std::string_view(word).substr(slash + 1)).value_or(0) >= least;
}

std::string option_line(std::string_view name, std::string_view value) {
    if (value.find_first_of(" \t") == std::string_view::npos) return fmt::format("  -o {}={}\n", name, value);
    return fmt::format("  -o {{ {} = {} }}\n", name, value);
}

std::string service_words(const net::ServerAddress& address) {
    if (!address.is_unix()) return address.to_string() + "  inet";
    return address.path.substr(address.path.rfind('/') + 1) + "  unix";
}

/// The listener that is replaced, or why there is no telling which it is.
struct Replaced {
    const PostfixService* service = nullptr;  // null = there is none: only what everybody needs is printed
    const PostfixService* port_25 = nullptr;  // what has to leave port 25: `service`, or a postscreen
    std::string error;
};

Replaced behind_postscreen(const PostfixSettings& postfix, const PostfixService& postscreen) {
    if (const PostfixService* smtpd = postfix.service("smtpd", "pass")) return {smtpd, &postscreen, {}};
    return {nullptr, nullptr,
            fmt::format("Define smtpd/pass in master.cf: {} is postscreen, which hands its clients to that "
                        "service, and its options are what the new listener takes over",
                        postscreen.label())};
}

/// It listens on port 25; when nothing does any more, it is the one that Sluice was given before.
Replaced replaced_by(const PostfixSettings& postfix, const net::ServerAddress& address) {
    Replaced replaced;
    for (const PostfixService& service : postfix.services) {
        if (service.type != "inet" || service_port(service.name) != "25") continue;
        if (service.command != "smtpd" && service.command != "postscreen")
            return {nullptr, nullptr,
                    fmt::format("Write the listener by hand: {} is no smtpd but {}, whose settings cannot be "
                                "taken over",
                                service.label(), service.command)};
        if (replaced.port_25 != nullptr &&
            (replaced.port_25->options != service.options || replaced.port_25->command != service.command))
            return {nullptr, nullptr,
                    fmt::format("Leave one smtpd on port 25 in master.cf: {} and {} have different options, "
                                "and one listener cannot take over both",
                                replaced.port_25->label(), service.label())};
        if (replaced.port_25 == nullptr) replaced.port_25 = &service;
    }
    if (replaced.port_25 == nullptr) return {service_at(postfix, address), nullptr, {}};
    if (replaced.port_25->command == "postscreen") return behind_postscreen(postfix, *replaced.port_25);
    replaced.service = replaced.port_25;
    return replaced;
}

/// The value that holds for the listener that is replaced, or for all where there is none.
std::string effective(const PostfixSettings* postfix, const Replaced& replaced, std::string_view name) {
    if (postfix == nullptr) return {};
    return replaced.service != nullptr ? postfix->effective(*replaced.service, name)
                                       : postfix->parameter(name);
}

std::vector<OwnOption> own_options(const ListenerWish& wish, const PostfixSettings* postfix,
                                   const Replaced& replaced) {
    constexpr std::string_view all_clients = "all clients come over Sluice's few connections";
    constexpr std::string_view no_errors = "refused recipients and RSET count as errors";
    const auto timeout = std::max<std::int64_t>(300, 2 * wish.pool.idle_max.count());
    const bool by_proxy = wish.mta.identity == relay::IdentityBy::proxy_v2;
    std::vector<OwnOption> own = {
        {"syslog_name", "postfix/sluice", "its log lines are told apart by it"},
        {"smtpd_authorized_xclient_hosts", "static:all", "Sluice says who each client is"},
        {"mynetworks", guarded_networks(effective(postfix, replaced, "mynetworks"), wish.source), {}},
        {"cleanup_service_name", std::string(cleanup_name), {}},
        {"smtpd_client_connection_count_limit", "0", all_clients},
        {"smtpd_client_connection_rate_limit", "0", all_clients},
        {"smtpd_client_message_rate_limit", "0", all_clients},
        {"smtpd_client_recipient_rate_limit", "0", all_clients},
        {"smtpd_junk_command_limit", "1000000", no_errors},
        {"smtpd_soft_error_limit", "1000000", no_errors},
        {"smtpd_hard_error_limit", "1000001", no_errors},
        {"smtpd_timeout", fmt::format("{}s", timeout), "Sluice keeps connections open"},
        {"smtpd_tls_security_level", wish.mta.wants_tls() ? "may" : "none",
         "STARTTLS with clients is Sluice's affair (tls.chain_files)"},
    };
    // Set only where the other value holds now.
    const std::string proxy = effective(postfix, replaced, "smtpd_upstream_proxy_protocol");
    if (by_proxy || !proxy.empty())
        own.push_back({"smtpd_upstream_proxy_protocol", by_proxy ? "haproxy" : "",
                       "Sluice speaks to the load balancer; set proxy_protocol.networks"});
    if (effective(postfix, replaced, "smtpd_tls_wrappermode") == "yes")
        own.push_back({"smtpd_tls_wrappermode", "no", "TLS with clients is Sluice's affair (tls_listen)"});
    // Without TLS on the way from Sluice, Postfix would then offer AUTH to nobody.
    if (!wish.mta.wants_tls() && effective(postfix, replaced, "smtpd_tls_auth_only") == "yes")
        own.push_back({"smtpd_tls_auth_only", "no", "Sluice offers AUTH under TLS only (smtp.auth)"});
    return own;
}

/// The comment that stands above, about the listener that is replaced.
std::string about_replaced(const Replaced& replaced, const PostfixSettings* postfix) {
    if (postfix == nullptr)
        return "# Take over by hand what the public listener is set to (-o lines of smtp/inet in master.cf: "
               "milters,\n"
               "# filters, restrictions), and add to mynetworks those of main.cf: Postfix is not on this "
               "machine.\n";
    if (replaced.service == nullptr)
        return "# No smtpd is on port 25 in this master.cf: only what Sluice needs is set here, the rest is "
               "main.cf's.\n";
    std::string text =
        fmt::format("# The options of {} are taken over from here on.", replaced.service->label());
    if (replaced.port_25 == nullptr) return text + "\n";
    text += fmt::format(" Take port 25 from Postfix:\n# postconf -M# {} ; then systemctl restart postfix.\n",
                        replaced.port_25->label());
    text +=
        "# Programs of this machine that sent through it use sendmail(1) or the submission port instead.\n";
    if (replaced.port_25->command == "postscreen")
        text +=
            "# The tests of postscreen are not made any more: the [policy] of Sluice is in their place.\n";
    return text;
}

/// Lists that permit_inet_interfaces may stand in; the last has it by default.
constexpr std::array<std::string_view, 6> permitting = {
    "smtpd_client_restrictions", "smtpd_helo_restrictions",      "smtpd_sender_restrictions",
    "smtpd_relay_restrictions",  "smtpd_recipient_restrictions", "local_header_rewrite_clients",
};

/// Those lists without it, where they have it: Postfix asks the connection for it, not XCLIENT, so that every
/// client of Sluice would be a program of this machine, and be let relay.
std::vector<OwnOption> without_own_interfaces(const PostfixSettings* postfix, const Replaced& replaced) {
    constexpr std::string_view own_interfaces = "permit_inet_interfaces";
    std::vector<OwnOption> lists;
    for (const std::string_view name : permitting) {
        std::vector<std::string> words =
            words_of(postfix != nullptr ? effective(postfix, replaced, name)
                                        : std::string(name == permitting.back() ? own_interfaces : ""));
        if (std::erase_if(words,
                          [&](const std::string& word) { return ascii::equal(word, own_interfaces); }) > 0)
            lists.push_back({std::string(name), fmt::format("{}", fmt::join(words, ",")), {}});
    }
    return lists;
}

std::string about_own_interfaces(const std::vector<OwnOption>& lists) {
    std::string text;
    for (const OwnOption& list : lists)
        text += fmt::format(
            "# Left out of {}: permit_inet_interfaces, which would be true of every client of Sluice.\n",
            list.name);
    return text;
}

std::string about_former(const PostfixSettings& postfix, const net::ServerAddress& address) {
    std::vector<std::string> former;
    if (const PostfixService* service = service_at(postfix, address)) former.push_back(service->label());
    if (const PostfixService* service = postfix.service(cleanup_name, "unix"))
        former.push_back(service->label());
    if (former.empty()) return {};
    return fmt::format("# Take out the former entries above, which these replace: {}.\n",
                       fmt::join(former, " and "));
}

std::string about_reach(const ListenerWish& wish) {
    const net::ServerAddress& address = wish.mta.address;
    if (address.is_local()) return {};
    std::string text = fmt::format(
        "# Let nobody but Sluice connect to {} (firewall): whoever can is believed whatever client it "
        "names.\n",
        address.to_string());
    if (wish.source != address.tcp.address) return text;
    return text +
           fmt::format(
               "# Put the address that Sluice connects from in the place of !{}, if Sluice is on another "
               "machine.\n",
               network_word(*wish.source));
}

/// The options of what is replaced that are not ours, and comments on those that give way.
struct TakenOver {
    std::string comments, lines;
};

TakenOver take_over(const PostfixService& service, const std::vector<OwnOption>& own) {
    TakenOver taken;
    for (const PostfixOption& option : service.options) {
        const auto ours = std::ranges::find(own, option.name, &OwnOption::name);
        if (ours == own.end())
            taken.lines += option_line(option.name, option.value);
        else if (ours->value != option.value && !ours->why.empty())
            taken.comments += fmt::format("# Not taken over from {}: {}={} ({}).\n", service.label(),
                                          option.name, option.value, ours->why);
    }
    return taken;
}

/// The cleanup service of the listener that is replaced, under our name and without the brake.
std::string cleanup_lines(const PostfixSettings* postfix, const Replaced& replaced) {
    static const PostfixService as_debian_has_it;
    const std::string name = effective(postfix, replaced, "cleanup_service_name");
    const PostfixService* former = nullptr;
    if (postfix != nullptr) former = postfix->service(name.empty() ? "cleanup" : name, "unix");
    if (former == nullptr) former = &as_debian_has_it;
    return fmt::format("{}  unix  n  -  {}  -  0  cleanup\n  -o in_flow_delay=0\n{}", cleanup_name,
                       former->chroot, take_over(*former, {{"in_flow_delay", "0", {}}}).lines);
}

/// The chroot field, as the listener that is replaced has it.
std::string chroot_of(const PostfixSettings* postfix, const Replaced& replaced) {
    if (replaced.service != nullptr) return replaced.service->chroot;
    const PostfixService* cleanup = postfix != nullptr ? postfix->service("cleanup", "unix") : nullptr;
    return cleanup != nullptr ? cleanup->chroot : "y";
}

}  // namespace

std::string guarded_networks(const std::string& mynetworks, const std::optional<IpAddress>& source) {
    std::vector<std::string> networks = {"!127.0.0.0/8", "![::1]/128"};
    if (source && !source->is_loopback()) networks.push_back("!" + network_word(*source));
    for (std::string& word : words_of(mynetworks)) {
        if (is_loopback_word(word) || std::ranges::find(networks, word) != networks.end()) continue;
        networks.push_back(std::move(word));
    }
    return fmt::format("{}", fmt::join(networks, ","));
}

std::expected<std::string, std::string> master_cf_lines(const ListenerWish& wish,
                                                        const PostfixSettings* postfix) {
    Replaced replaced;
    if (postfix != nullptr) replaced = replaced_by(*postfix, wish.mta.address);
    if (!replaced.error.empty()) return std::unexpected(replaced.error);
    std::vector<OwnOption> own = own_options(wish, postfix, replaced);
    const std::vector<OwnOption> lists = without_own_interfaces(postfix, replaced);
    own.insert(own.end(), lists.begin(), lists.end());
    TakenOver taken;
    if (replaced.service != nullptr) taken = take_over(*replaced.service, own);

    std::string text = about_replaced(replaced, postfix);
    if (postfix != nullptr) {
        text += about_former(*postfix, wish.mta.address);
        if (!postfix->parameter("postscreen_upstream_proxy_protocol").empty() &&
            replaced.port_25 != nullptr && replaced.port_25->command == "postscreen")
            text +=
                "# Set proxy_protocol.networks of Sluice, which speaks to the load balancer from now on.\n";
    }
    text += about_reach(wish);
    text += about_own_interfaces(lists);
    text += taken.comments;
    // A few more processes than connections: Postfix is "stressed" when all of them are busy.
    const unsigned processes = wish.workers * wish.pool.connections_max + 20;
    text += fmt::format("{}  n  -  {}  -  {}  smtpd\n", service_words(wish.mta.address),
                        chroot_of(postfix, replaced), processes);
    for (const OwnOption& option : own)
        text += option_line(option.name, option.value);
    return text + taken.lines + cleanup_lines(postfix, replaced);
}

}  // namespace sluice::app
