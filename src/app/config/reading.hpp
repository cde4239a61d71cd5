// State of one reading of a configuration file: its errors, and what rows must know of each other.
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

    /// Reports an error at this place.
    void fault(const toml::source_position& at, std::string text);
    void fault(const toml::node& node, std::string text) { fault(node.source().begin, std::move(text)); }

    /// Records that `network` (canonical text) is on the list of `lane`. If it is on another list already,
    /// reports an error that names both places and returns false.
    bool list_network(const std::string& network, policy::Lane lane, const toml::source_position& at);

    /// The errors in the order of the text.
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

/// The name of a TOML value's type in messages: "a string", "an integer", "a table" …
std::string_view type_of(const toml::node& node);

/// The type with the value, if the value is short and fits one line: "the string \"two\"", "the integer 25".
std::string found_in(const toml::node& node);

/// The entry of `names` that `name` most likely means; empty when none is near.
std::string_view nearest_name(std::string_view name, const std::vector<std::string_view>& names);

}  // namespace sluice::app
