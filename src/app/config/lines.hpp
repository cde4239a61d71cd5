// Finds the line of the configuration file that says something, for explanations.
#pragma once

#include <string>
#include <string_view>
#include <toml++/toml.h>

#include "policy/verdict.hpp"

namespace sluice::app {

class ConfigLines {
  public:
    /// Empty = there is no file. A file that cannot be read has no lines.
    explicit ConfigLines(const std::string& file);

    /// The place of a network in policy.networks or of a DNS list, "sluice.toml:12"; the file alone when no
    /// such line is found.
    std::string of_network(policy::Lane lane, std::string_view network) const;
    std::string of_dns_list(std::string_view zone) const;

  private:
    std::string at(const toml::node* node) const;

    std::string file_;
    toml::table table_;
};

}  // namespace sluice::app
