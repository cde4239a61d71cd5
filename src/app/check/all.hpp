// All checks of `sluice check` other than those of the MTAs; each probe has its own file.
#pragma once

#include <string>

#include "app/check/finding.hpp"
#include "app/config/config.hpp"
#include "app/postfix/postfix_settings.hpp"

namespace sluice::app {

struct CheckScope {
    std::string config_file;                   // identifies a running Sluice; empty = there is none
    const PostfixSettings* postfix = nullptr;  // the Postfix behind; null = it is not on this machine
    bool asks = true;                          // also ask name servers, DNS lists and Redis
};

/// `config` is finished. Takes some ten seconds at most, if nothing answers. Throws StartError when the
/// `user` it names does not exist.
Findings check_all(const Config& config, const CheckScope& scope);

}  // namespace sluice::app
