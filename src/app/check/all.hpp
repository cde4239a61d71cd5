// All that `sluice check` finds out beside the MTAs: each probe has a file of its own.
#pragma once

#include <string>

#include "app/check/finding.hpp"
#include "app/config/config.hpp"
#include "app/postfix/postfix_settings.hpp"

namespace sluice::app {

struct CheckScope {
    std::string config_file;                   // by which a running Sluice is known; empty = there is none
    const PostfixSettings* postfix = nullptr;  // of the Postfix behind; null = it is not on this machine
    bool asks = true;                          // name servers, DNS lists and Redis, too
};

/// `config` is finished. Takes some ten seconds at most, where nobody answers. Throws StartError when
/// `user` names none.
Findings check_all(const Config& config, const CheckScope& scope);

}  // namespace sluice::app
