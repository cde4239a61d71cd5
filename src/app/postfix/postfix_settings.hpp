// What a Postfix is set to, as far as a listener for Sluice depends on it, out of the output of postconf(1).
//
// Text in, values out: app/postfix/postconf.hpp runs the program. Lines that are not understood are left out;
// what an option means is app/postfix/master_cf.hpp's affair.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/socket.hpp"

namespace sluice::app {

/// An `-o name=value` of master.cf.
struct PostfixOption {
    std::string name;
    std::string value;  // neither quoted nor expanded
    bool operator==(const PostfixOption&) const = default;
    /// As master.cf has it: "-o name=value", in braces where there is white space in the value.
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
    /// The value of an option, the last one if it is given twice.
    std::optional<std::string> option(std::string_view wanted) const;
};

struct PostfixSettings {
    std::map<std::string, std::string, std::less<>> parameters;  // of main.cf, or their defaults
    std::vector<PostfixService> services;                        // in the order of master.cf

    /// Empty where it is not known.
    std::string parameter(std::string_view name) const;
    const PostfixService* service(std::string_view name, std::string_view type) const;
    /// What a service is set to: its own option, or main.cf's.
    std::string effective(const PostfixService& service, std::string_view name) const;
};

/// From lines of "name = value" (`postconf NAME…`), "name/type/field = value" (`postconf -F`) and
/// "name/type/parameter = value" (`postconf -P`).
PostfixSettings parse_postfix(std::string_view parameters, std::string_view fields, std::string_view options);

/// The entry listens where an MTA is reached: at the same address and port (or every address), or the same
/// socket.
bool listens_at(const PostfixService& service, const net::ServerAddress& address);

/// The first such entry. Null when there is none.
const PostfixService* service_at(const PostfixSettings& settings, const net::ServerAddress& address);

/// Each recipient asked about there costs a token of in_flow_delay: after some hundred, a second each.
bool brakes_verification(const PostfixSettings& settings, const PostfixService& listener);

/// The port of an inet service's name: of "smtp", "25", "192.0.2.1:smtp" or "[::1]:25" it is "25". Names of
/// other ports of mail are known too ("submission", "smtps"); any other name is its own answer.
std::string service_port(std::string_view name);

/// The words of a list parameter; what stands in braces is one word.
std::vector<std::string> list_words(std::string_view list);

}  // namespace sluice::app
