// The configuration as documentation, made from the rows that read it.
#pragma once

#include <string>

namespace sluice::app {

/// Every key with its default, as a TOML file with comments. Reading that file changes nothing.
std::string default_config_text();

/// The text of docs/guide/config.md.
std::string config_reference();

}  // namespace sluice::app
