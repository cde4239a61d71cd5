// The settings of a Postfix that matter to Sluice's listener, parsed from the output of postconf(1).
//
// It only parses: app/postfix/postconf.hpp runs the program. Lines that it does not understand are left out;
// app/postfix/master_cf.hpp interprets the options.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/socket.hpp"

namespace sluice::app {

/// An option `-o name=value` in master.cf.
struct PostfixOption {
    std::string name;
    std::string value;  // neither quoted nor expanded
    bool operator==(const PostfixOption&) const = default;
    /// The form in master.cf: "-o name=value", in braces where the value contains white space.
    std::string to_string() const;
};

/// An entry of master.cf.
struct PostfixService {
    std::string name;  // "smtp", "127.0.0.1:10025"
    std::string type;  // "inet", "unix", "pass"
    std::string chroot = "y";
    std::string processes = "-";  // the most that may run at once; "-" = Postfix's default
    std::string command = {};     // the program, without its arguments
    std::vector<PostfixOption> options = {};

    std::string label() const { return name + "/" + type; }
    /// The value of an option; the last one if the option is given twice.
    std::optional<std::string> option(std::string_view wanted) const;
};

struct PostfixSettings {
    std::map<std::string, std::string, std::less<>> parameters;  // main.cf's, or their defaults
    std::vector<PostfixService> services;                        // in the order of master.cf

    /// Empty when the parameter is unknown.
    std::string parameter(std::string_view name) const;
    const PostfixService* service(std::string_view name, std::string_view type) const;
    /// The value in force for a service: its own option, or main.cf's.
    std::string effective(const PostfixService& service, std::string_view name) const;
};

/// Parses lines of "name = value" (`postconf NAME…`), "name/type/field = value" (`postconf -F`) and
/// "name/type/parameter = value" (`postconf -P`).
PostfixSettings parse_postfix(std::string_view parameters, std::string_view fields, std::string_view options);

/// Whether the entry listens where an MTA is reached: at the same address and port (or at every address), or
/// at the same socket.
bool listens_at(const PostfixService& service, const net::ServerAddress& address);

/// The first entry that listens there; null when there is none.
const PostfixService* service_at(const PostfixSettings& settings, const net::ServerAddress& address);

/// Whether each recipient that is asked about costs a token of in_flow_delay: after some hundred, each takes
/// a second.
bool brakes_verification(const PostfixSettings& settings, const PostfixService& listener);

/// The port in an inet service's name: "25" for "smtp", "25", "192.0.2.1:smtp" or "[::1]:25". Names of other
/// mail ports are known too ("submission", "smtps"); any other name is returned unchanged.
std::string service_port(std::string_view name);

/// The words of a list parameter; a text in braces is one word.
std::vector<std::string> list_words(std::string_view list);

}  // namespace sluice::app
