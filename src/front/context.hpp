// What all sessions of one worker share.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "front/front.hpp"
#include "net/loop.hpp"
#include "policy/unknown_recipients.hpp"

namespace sluice::front {

class Session;

struct Context {
    Context(const Surroundings& around, const FrontOptions& front_options)
        : surroundings(around),
          options(front_options),
          unknown_recipients(options.policy.unknown_recipients) {}

    /// A session is over: forget it, and destroy it once this turn of the loop cannot name it any more.
    virtual void ended(Session& session) = 0;

    /// What a client may be offered now.
    smtp::Offer offer() const;

    net::Loop& loop() { return surroundings.loop; }
    Instant now() const { return surroundings.loop.now(); }

    const Surroundings surroundings;
    const FrontOptions& options;
    policy::UnknownRecipients unknown_recipients;
    bool draining = false;
    std::string instance;  // first part of every session identifier of this worker

    /// Shared by all sessions, one at a time: what was just read, and the log line being built.
    std::array<char, 64 * 1024> scratch;
    std::string log_line;

  protected:
    ~Context() = default;
};

}  // namespace sluice::front
