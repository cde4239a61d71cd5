// What `sluice check` can say to the Postfix of this machine: it reads how that is set
// (app/postfix/postconf.hpp), finds a place for a listener, and prints what gives it to Postfix.
#pragma once

#include <optional>
#include <string>

#include "app/config/config.hpp"
#include "app/postfix/postfix_settings.hpp"

namespace sluice::app {

/// What the Postfix behind this address is set to, if that can be read here. `directory` holds its main.cf
/// and master.cf; empty = where Postfix looks. Throws StartError when a directory was named and cannot be
/// read.
std::optional<PostfixSettings> postfix_behind(const net::ServerAddress& address,
                                              const std::string& directory);

/// `--print-postconf`: commands for a shell. The exit code; errors go to standard error, and nothing else is
/// printed then.
int print_postconf(const Config& config, const std::string& directory);
/// `--print-master-cf`: the same as lines of master.cf.
int print_master_cf(const Config& config, const std::string& directory);

/// The paragraph that ends a report on an MTA which cannot do what Sluice needs.
std::string listener_advice(const Config& config, const std::string& directory);

}  // namespace sluice::app
