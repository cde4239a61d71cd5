// Names the parts of Sluice that a configuration leaves off, and what that costs: short configurations are
// easily copied. Pure.
#pragma once

#include <optional>

#include "app/check/finding.hpp"
#include "app/config/config.hpp"
#include "app/postfix/postfix_settings.hpp"

namespace sluice::app {

/// `config` is finished. `as_root`: this process is root, as the supervisor will be. `postfix` has the
/// settings of the Postfix behind; null = it is not on this machine.
Findings what_is_off(const Config& config, bool as_root, const PostfixSettings* postfix);

/// The tls.chain_files, as a line of the configuration, that show clients the same certificate as Postfix
/// does; empty when Postfix shows none.
std::string chain_files_of(const PostfixSettings& postfix);

}  // namespace sluice::app
