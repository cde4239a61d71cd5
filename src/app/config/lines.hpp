// Where in its file the configuration says something, for who asks why.
#pragma once

#include <string>
#include <string_view>
#include <toml++/toml.h>

#include "policy/verdict.hpp"

namespace sluice::app {

class ConfigLines {
  public:
    /// Empty = there is no file. One that cannot be read has no lines.
    explicit ConfigLines(const std::string& file);

    /// "sluice.toml:12", of a network in policy.networks or of a DNS list; less where there is no such line.
    std::string of_network(policy::Lane lane, std::string_view network) const;
    std::string of_dns_list(std::string_view zone) const;

  private:
    std::string at(const toml::node* node) const;

    std::string file_;
    toml::table table_;
};

}  // namespace sluice::app
