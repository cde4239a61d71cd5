#include "app/postfix/master_cf.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include "app/process/shell_word.hpp"
#include "base/ascii.hpp"
#include "base/decimal.hpp"

namespace sluice::app {

namespace {

constexpr std::string_view cleanup_name = "sluice-cleanup";
// The parameter of main.cf that names entries of master.cf which are not started.
constexpr std::string_view service_disable = "master_service_disable";

/// An option that Sluice sets itself, and the reason why the replaced listener's own gives way to it.
struct OwnOption {
    std::string name, value;
    std::string_view why;
};

std::string network_word(const IpAddress& address) {
    return address.is_v4() ? address.to_string() : "[" + address.to_string() + "]";
}

/// Whether the word is a network of loopback addresses, as in mynetworks; Debian also has
/// "[::ffff:127.0.0.0]/104".
bool is_loopback_word(std::string word) {
    std::erase_if(word, [](char c) { return c == '[' || c == ']'; });
    const std::size_t slash = word.find('/');
    const auto address = IpAddress::parse(std::string_view(word).substr(0, slash));
    if (!address || !address->is_loopback()) return false;
    if (slash == std::string::npos) return true;
    const unsigned least = !address->is_v4() ? 128 : word.contains(':') ? 104 : 8;
    return parse_decimal<unsigned>(std::string_view(word).substr(slash + 1)).value_or(0) >= least;
}

/// The entry for this address, with no option set yet.
PostfixService service_for(const net::ServerAddress& address) {
    if (!address.is_unix()) return {.name = address.to_string(), .type = "inet", .command = "smtpd"};
    return {.name = address.path.substr(address.path.rfind('/') + 1), .type = "unix", .command = "smtpd"};
}

std::string entry_lines(const PostfixService& entry) {
    std::string text = fmt::format("{}  {}  n  -  {}  -  {}  {}\n", entry.name, entry.type, entry.chroot,
                                   entry.processes, entry.command);
    for (const PostfixOption& option : entry.options)
        text += "  " + option.to_string() + "\n";
    return text;
}

/// The entries in master_service_disable that do not have to leave port 25.
std::vector<std::string> other_disabled(const PrivateListener& listener) {
    std::vector<std::string> words = list_words(listener.disabled);
    std::erase_if(words, [&](const std::string& word) {
        return std::ranges::find(listener.public_ones, word) != listener.public_ones.end();
    });
    return words;
}

/// The listener to be replaced, or why it cannot be determined.
struct Replaced {
    const PostfixService* service = nullptr;     // null = none: only options that all need are set
    std::vector<const PostfixService*> port_25;  // what leaves port 25: `service`, or a postscreen
    std::string error;

    bool has_postscreen() const { return !port_25.empty() && port_25.front()->command == "postscreen"; }
};

Replaced refuse(std::string error) {
    return {nullptr, {}, std::move(error)};
}

/// Finds the listener on port 25. When nothing listens there any more, it is the one that Sluice was given
/// before.
Replaced replaced_by(const PostfixSettings& postfix, const net::ServerAddress& address) {
    Replaced replaced;
    for (const PostfixService& service : postfix.services) {
        if (service.type != "inet" || service_port(service.name) != "25") continue;
        if (service.command != "smtpd" && service.command != "postscreen")
            return refuse(
                fmt::format("Write the listener by hand: {} is no smtpd but {}, whose settings cannot be "
                            "taken over",
                            service.label(), service.command));
        const PostfixService* first = replaced.port_25.empty() ? &service : replaced.port_25.front();
        if (first->options != service.options || first->command != service.command)
            return refuse(
                fmt::format("Leave one smtpd on port 25 in master.cf: {} and {} have different options, "
                            "and one listener cannot take over both",
                            first->label(), service.label()));
        replaced.port_25.push_back(&service);
    }
    if (replaced.port_25.empty()) {
        replaced.service = service_at(postfix, address);
    } else if (!replaced.has_postscreen()) {
        replaced.service = replaced.port_25.front();
    } else {
        replaced.service = postfix.service("smtpd", "pass");
        if (replaced.service == nullptr)
            return refuse(
                fmt::format("Define smtpd/pass in master.cf: {} is postscreen, which hands its clients to "
                            "that service, and its options are what the new listener takes over",
                            replaced.port_25.front()->label()));
    }
    return replaced;
}

/// The value in force for the listener to be replaced, or the value for all when there is none.
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
    // Set the option only where it has another value now.
    const std::string proxy = effective(postfix, replaced, "smtpd_upstream_proxy_protocol");
    if (by_proxy || !proxy.empty())
        own.push_back({"smtpd_upstream_proxy_protocol", by_proxy ? "haproxy" : "",
                       "Sluice speaks to the load balancer; set proxy_protocol.networks"});
    if (effective(postfix, replaced, "smtpd_tls_wrappermode") == "yes")
        own.push_back({"smtpd_tls_wrappermode", "no", "TLS with clients is Sluice's affair (tls_listen)"});
    // Without TLS between Sluice and Postfix, Postfix would offer AUTH to nobody.
    if (!wish.mta.wants_tls() && effective(postfix, replaced, "smtpd_tls_auth_only") == "yes")
        own.push_back({"smtpd_tls_auth_only", "no", "Sluice offers AUTH under TLS only (smtp.auth)"});
    return own;
}

/// Remarks about the listener to be replaced.
std::vector<std::string> about_replaced(const Replaced& replaced, const PostfixSettings* postfix) {
    if (postfix == nullptr)
        return {
            "Take over by hand what the public listener is set to (-o lines of smtp/inet in master.cf: "
            "milters, "
            "filters, restrictions), and add to mynetworks those of main.cf: Postfix is not on this "
            "machine."};
    if (replaced.service == nullptr)
        return {
            "No smtpd is on port 25 in this master.cf: only what Sluice needs is set here, the rest is "
            "main.cf's."};
    std::vector<std::string> remarks = {
        fmt::format("The options of {} are taken over from here on.", replaced.service->label())};
    if (replaced.port_25.empty()) return remarks;
    remarks.emplace_back(
        "Programs of this machine that sent through it use sendmail(1) or the submission port instead.");
    if (replaced.has_postscreen())
        remarks.emplace_back(
            "The tests of postscreen are not made any more: the [policy] of Sluice is in their place.");
    if (replaced.has_postscreen() && !postfix->parameter("postscreen_upstream_proxy_protocol").empty())
        remarks.emplace_back(
            "Set proxy_protocol.networks of Sluice, which speaks to the load balancer from now on.");
    return remarks;
}

/// The lists that may contain permit_inet_interfaces; the last has it by default.
constexpr std::array<std::string_view, 6> permitting = {
    "smtpd_client_restrictions", "smtpd_helo_restrictions",      "smtpd_sender_restrictions",
    "smtpd_relay_restrictions",  "smtpd_recipient_restrictions", "local_header_rewrite_clients",
};

/// The lists that contain permit_inet_interfaces, without it. Postfix tests that permission against the
/// connection and not against XCLIENT, so every client of Sluice would count as a program of this machine and
/// be allowed to relay.
std::vector<OwnOption> without_own_interfaces(const PostfixSettings* postfix, const Replaced& replaced) {
    constexpr std::string_view own_interfaces = "permit_inet_interfaces";
    std::vector<OwnOption> lists;
    for (const std::string_view name : permitting) {
        std::vector<std::string> words =
            list_words(postfix != nullptr ? effective(postfix, replaced, name)
                                          : std::string(name == permitting.back() ? own_interfaces : ""));
        if (std::erase_if(words,
                          [&](const std::string& word) { return ascii::equal(word, own_interfaces); }) > 0)
            lists.push_back({std::string(name), fmt::format("{}", fmt::join(words, ",")), {}});
    }
    return lists;
}

std::vector<std::string> former_entries(const PostfixSettings& postfix, const net::ServerAddress& address) {
    std::vector<std::string> former;
    for (const PostfixService& service : postfix.services)
        if (listens_at(service, address)) former.push_back(service.label());
    if (const PostfixService* service = postfix.service(cleanup_name, "unix"))
        former.push_back(service->label());
    return former;
}

std::vector<std::string> about_reach(const ListenerWish& wish) {
    const net::ServerAddress& address = wish.mta.address;
    if (address.is_local()) return {};
    std::vector<std::string> remarks = {fmt::format(
        "Let nobody but Sluice connect to {} (firewall): whoever can is believed whatever client it names.",
        address.to_string())};
    if (wish.source == address.tcp.address)
        remarks.push_back(
            fmt::format("Put the address that Sluice connects from in the place of !{}, if Sluice is "
                        "on another machine.",
                        network_word(*wish.source)));
    return remarks;
}

/// Adds the options of the replaced entry that Sluice does not set itself. Of the others, reports those that
/// differ and have a reason to give way.
void take_over(PostfixService& into, const PostfixService& from, const std::vector<OwnOption>& own,
               std::vector<std::string>& remarks) {
    for (const PostfixOption& option : from.options) {
        const auto ours = std::ranges::find(own, option.name, &OwnOption::name);
        if (ours == own.end())
            into.options.push_back(option);
        else if (ours->value != option.value && !ours->why.empty())
            remarks.push_back(fmt::format("Not taken over from {}: {}={} ({}).", from.label(), option.name,
                                          option.value, ours->why));
    }
}

/// The cleanup service of the replaced listener, under our name and without in_flow_delay.
PostfixService own_cleanup(const PostfixSettings* postfix, const Replaced& replaced,
                           std::vector<std::string>& remarks) {
    static const PostfixService as_debian_has_it;
    const std::string name = effective(postfix, replaced, "cleanup_service_name");
    const PostfixService* former = nullptr;
    if (postfix != nullptr) former = postfix->service(name.empty() ? "cleanup" : name, "unix");
    if (former == nullptr) former = &as_debian_has_it;
    PostfixService own{.name = std::string(cleanup_name),
                       .type = "unix",
                       .chroot = former->chroot,
                       .processes = "0",
                       .command = "cleanup",
                       .options = {{"in_flow_delay", "0"}}};
    take_over(own, *former, {{"in_flow_delay", "0", {}}}, remarks);
    return own;
}

/// The chroot field of the replaced listener.
std::string chroot_of(const PostfixSettings* postfix, const Replaced& replaced) {
    if (replaced.service != nullptr) return replaced.service->chroot;
    const PostfixService* cleanup = postfix != nullptr ? postfix->service("cleanup", "unix") : nullptr;
    return cleanup != nullptr ? cleanup->chroot : "y";
}

}  // namespace

std::string guarded_networks(const std::string& mynetworks, const std::optional<IpAddress>& source) {
    std::vector<std::string> networks = {"!127.0.0.0/8", "![::1]/128"};
    if (source && !source->is_loopback()) networks.push_back("!" + network_word(*source));
    for (std::string& word : list_words(mynetworks)) {
        if (is_loopback_word(word) || std::ranges::find(networks, word) != networks.end()) continue;
        networks.push_back(std::move(word));
    }
    return fmt::format("{}", fmt::join(networks, ","));
}

std::expected<PrivateListener, std::string> private_listener(const ListenerWish& wish,
                                                             const PostfixSettings* postfix) {
    Replaced replaced;
    if (postfix != nullptr) replaced = replaced_by(*postfix, wish.mta.address);
    if (!replaced.error.empty()) return std::unexpected(replaced.error);
    std::vector<OwnOption> own = own_options(wish, postfix, replaced);
    PrivateListener made;
    made.remarks = about_replaced(replaced, postfix);
    const auto remark = [&](std::vector<std::string> more) {
        std::ranges::move(more, std::back_inserter(made.remarks));
    };
    remark(about_reach(wish));
    for (OwnOption& list : without_own_interfaces(postfix, replaced)) {
        remark({fmt::format(
            "Left out of {}: permit_inet_interfaces, which would be true of every client of Sluice.",
            list.name)});
        own.push_back(std::move(list));
    }

    // A few more processes than connections: Postfix considers itself "stressed" when all are busy.
    made.smtpd = service_for(wish.mta.address);
    made.smtpd.chroot = chroot_of(postfix, replaced);
    made.smtpd.processes = std::to_string(wish.workers * wish.pool.connections_max + 20);
    for (const OwnOption& option : own)
        made.smtpd.options.push_back({option.name, option.value});
    if (replaced.service != nullptr) take_over(made.smtpd, *replaced.service, own, made.remarks);
    made.cleanup = own_cleanup(postfix, replaced, made.remarks);
    if (postfix == nullptr) return made;
    made.former = former_entries(*postfix, wish.mta.address);
    made.disabled = postfix->parameter(service_disable);
    for (const PostfixService* service : replaced.port_25)
        made.public_ones.push_back(service->name + "." + service->type);
    return made;
}

std::string take_port_25(const PrivateListener& listener, const std::string& postconf) {
    if (listener.public_ones.empty()) return {};
    // The first matching pattern decides.
    std::vector<std::string> words = listener.public_ones;
    std::ranges::move(other_disabled(listener), std::back_inserter(words));
    return fmt::format("{} -e {}", postconf,
                       shell_word(fmt::format("{} = {}", service_disable, fmt::join(words, ", "))));
}

std::string give_port_25_back(const PrivateListener& listener, const std::string& postconf) {
    if (listener.public_ones.empty()) return {};
    const std::vector<std::string> words = other_disabled(listener);
    if (words.empty()) return fmt::format("{} -X {}", postconf, service_disable);
    return fmt::format("{} -e {}", postconf,
                       shell_word(fmt::format("{} = {}", service_disable, fmt::join(words, ", "))));
}

std::string master_cf_lines(const PrivateListener& listener) {
    std::string text;
    for (const std::string& remark : listener.remarks)
        text += fmt::format("# {}\n", remark);
    if (!listener.public_ones.empty())
        text +=
            fmt::format("# Take port 25 from Postfix when Sluice is to have it:\n# {} && postfix reload\n",
                        take_port_25(listener, "postconf"));
    if (!listener.former.empty())
        text += fmt::format("# Take out the former entries above, which these replace: {}.\n",
                            fmt::join(listener.former, " and "));
    return text + entry_lines(listener.smtpd) + entry_lines(listener.cleanup);
}

}  // namespace sluice::app
