// Names the parts of Sluice that a configuration leaves off, and what that costs: a short one is easily
// copied. Pure.
#pragma once

#include <optional>

#include "app/check/finding.hpp"
#include "app/config/config.hpp"
#include "app/postfix/postfix_settings.hpp"

namespace sluice::app {

/// `config` is finished. `as_root`: this is root, as the supervisor will be. `postfix` is what the Postfix
/// behind is set to; null = it is not on this machine.
Findings what_is_off(const Config& config, bool as_root, const PostfixSettings* postfix);

/// The tls.chain_files by which clients would see the certificate that Postfix shows them, as a line of the
/// configuration; empty where Postfix shows none.
std::string chain_files_of(const PostfixSettings& postfix);

}  // namespace sluice::app
