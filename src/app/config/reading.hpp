// What one reading of a configuration file collects: its errors, and what rows must know of each other.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <toml++/toml.h>
#include <vector>

#include "app/config/config.hpp"
#include "policy/verdict.hpp"

namespace sluice::app {

class ConfigReading {
  public:
    explicit ConfigReading(std::string file) : file_(std::move(file)) {}

    /// Something is wrong at this place.
    void fault(const toml::source_position& at, std::string text);
    void fault(const toml::node& node, std::string text) { fault(node.source().begin, std::move(text)); }

    /// Notes that `network` (canonical text) is on the list of `lane`. A network on two lists is a fault that
    /// names both places; false then.
    bool list_network(const std::string& network, policy::Lane lane, const toml::source_position& at);

    /// What was wrong, in the order of the text.
    std::vector<ConfigError> take_errors();

  private:
    struct Listed {
        policy::Lane lane;
        toml::source_position at;
    };

    std::string file_;
    std::vector<ConfigError> errors_;
    std::map<std::string, Listed> networks_;
};

/// What a TOML value is called in messages: "a string", "an integer", "a table" …
std::string_view type_of(const toml::node& node);

/// The same with its value, where that is short and of one line: "the string \"two\"", "the integer 25".
std::string found_in(const toml::node& node);

/// The one of `names` that `name` was most likely meant to be; empty when none is near.
std::string_view nearest_name(std::string_view name, const std::vector<std::string_view>& names);

}  // namespace sluice::app
