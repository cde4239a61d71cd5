// Runs postconf(1), which only reads, to learn what the Postfix of this machine is set to.
//
// Bounds: see PostconfOptions. One that takes too long, or says too much, is killed.
#pragma once

#include <cstddef>
#include <expected>
#include <string>

#include "app/postfix/postfix_settings.hpp"
#include "base/time.hpp"

namespace sluice::app {

/// Of each of its three runs.
struct PostconfOptions {
    std::string program = "postconf";
    Millis time_max{5000};
    std::size_t octets_max = 1'000'000;
};

/// `directory` holds main.cf and master.cf; empty = where Postfix looks by itself. The error says why
/// nothing could be learned: there is no Postfix, or what it said.
std::expected<PostfixSettings, std::string> read_postfix(const std::string& directory,
                                                         const PostconfOptions& options = {});

}  // namespace sluice::app
