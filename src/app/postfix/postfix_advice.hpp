// The advice that `sluice check` prints for the Postfix of this machine. It reads the settings
// (app/postfix/postconf.hpp), finds a place for a listener, and prints the commands or lines that create it.
#pragma once

#include <optional>
#include <string>

#include "app/config/config.hpp"
#include "app/postfix/postfix_settings.hpp"

namespace sluice::app {

/// The settings of the Postfix behind this address, if they can be read here. `directory` holds main.cf and
/// master.cf; empty = Postfix's default. Throws StartError when a directory was named and cannot be read.
std::optional<PostfixSettings> postfix_behind(const net::ServerAddress& address,
                                              const std::string& directory);

/// `--print-postconf`: prints shell commands and returns the exit code. On an error prints that to standard
/// error, and nothing else.
int print_postconf(const Config& config, const std::string& directory);
/// `--print-master-cf`: the same as lines of master.cf.
int print_master_cf(const Config& config, const std::string& directory);

/// The paragraph that ends a report about an MTA which cannot do what Sluice needs.
std::string listener_advice(const Config& config, const std::string& directory);

}  // namespace sluice::app
