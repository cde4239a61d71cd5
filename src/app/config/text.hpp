// The configuration explained in text, from the same rows that read it.
#pragma once

#include <string>

namespace sluice::app {

/// Every key with its default, as a TOML file with comments; reading it changes nothing.
std::string default_config_text();

/// docs/guide/config.md.
std::string config_reference();

}  // namespace sluice::app
