// The criterion of `sluice find` for log lines. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/ip.hpp"

namespace sluice::app {

class LogQuery {
  public:
    /// Parses the words of the command line. "192.0.2.7" and "192.0.2.0/24" mean clients.
    /// "alice@example.org", "@example.org" and "<>" (bounces) mean senders and recipients. Any other text
    /// means a HELO name or a client's name; a domain includes the names below it. Nothing for an empty text,
    /// or for one that begins like a network and is none.
    static std::optional<LogQuery> parse(std::string_view text);

    /// Whether the line of a session or a transaction matches.
    bool matches(const boost::json::object& line) const;
    /// Whether the query is about transactions, so that lines of sessions add nothing.
    bool is_address() const { return std::holds_alternative<Address>(what_); }
    /// Whether `address` is the reason why a transaction's line matches.
    bool is_about(std::string_view address) const;

  private:
    struct Address {
        std::string lowered;  // "@example.org": the whole domain
    };
    struct Name {
        std::string lowered;
    };
    using What = std::variant<Network, Address, Name>;

    explicit LogQuery(What what) : what_(std::move(what)) {}
    bool has_address(const boost::json::object& line) const;

    What what_;
};

/// A text value of the line; empty when it has none.
std::string_view text_of(const boost::json::object& line, std::string_view key);

}  // namespace sluice::app
