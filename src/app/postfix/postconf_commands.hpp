// Commands for a shell that give Postfix its listener for Sluice (`sluice check --print-postconf`).
//
// They may be run twice, and while Postfix runs: an entry that is there is replaced as a whole, and master.cf
// is never half written (postconf(1) renames). Nothing is taken from anybody: port 25 stays where it is. What
// takes it, and what undoes everything, stand below as comments.
//
// It does no I/O.
#pragma once

#include <string>

#include "app/postfix/master_cf.hpp"

namespace sluice::app {

/// `directory` holds main.cf and master.cf; empty = where Postfix looks by itself.
std::string postconf_commands(const PrivateListener& listener, const std::string& directory);

}  // namespace sluice::app
