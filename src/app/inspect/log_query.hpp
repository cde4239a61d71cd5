// What `sluice find` looks for in the log. Pure.
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
    /// "192.0.2.7" or "192.0.2.0/24": clients. "alice@example.org", "@example.org" or "<>" (bounces): senders
    /// and recipients. Anything else: what clients called themselves, or their names; a domain has those
    /// below it, too. Nothing for the empty text, and for what begins like a network and is none.
    static std::optional<LogQuery> parse(std::string_view text);

    /// Whether a line of a session or a transaction is of it.
    bool matches(const boost::json::object& line) const;
    /// Whether transactions are what it is about, and a session tells nothing more.
    bool is_address() const { return std::holds_alternative<Address>(what_); }
    /// Whether this address is why a line of a transaction matches.
    bool is_about(std::string_view address) const;

  private:
    struct Address {
        std::string lowered;  // "@example.org": all of the domain
    };
    struct Name {
        std::string lowered;
    };
    using What = std::variant<Network, Address, Name>;

    explicit LogQuery(What what) : what_(std::move(what)) {}
    bool has_address(const boost::json::object& line) const;

    What what_;
};

/// A text of the line; empty where there is none.
std::string_view text_of(const boost::json::object& line, std::string_view key);

}  // namespace sluice::app
