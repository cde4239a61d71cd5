// Runs postconf(1), which only reads, to learn the settings of this machine's Postfix.
//
// PostconfOptions has the bounds. A run that takes too long or prints too much is killed.
#pragma once

#include <cstddef>
#include <expected>
#include <string>

#include "app/postfix/postfix_settings.hpp"
#include "base/time.hpp"

namespace sluice::app {

/// The bounds of each of the three runs.
struct PostconfOptions {
    std::string program = "postconf";
    Millis time_max{5000};
    std::size_t octets_max = 1'000'000;
};

/// `directory` holds main.cf and master.cf; empty = Postfix's default. The error says why nothing could be
/// learned: there is no Postfix, or the message it printed.
std::expected<PostfixSettings, std::string> read_postfix(const std::string& directory,
                                                         const PostconfOptions& options = {});

}  // namespace sluice::app
