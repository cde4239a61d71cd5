// Shell commands that give Postfix its listener for Sluice (`sluice check --print-postconf`).
//
// They can be run twice, and while Postfix runs: an existing entry is replaced as a whole, and master.cf is
// never half written (postconf(1) renames). They take nothing away: port 25 stays with its owner. The
// commands that take it, and those that undo everything, follow as comments.
//
// It does no I/O.
#pragma once

#include <string>

#include "app/postfix/master_cf.hpp"

namespace sluice::app {

/// `directory` holds main.cf and master.cf; empty = Postfix's default.
std::string postconf_commands(const PrivateListener& listener, const std::string& directory);

}  // namespace sluice::app
