// Finds machines of the operator's own that Sluice has treated as suspects, or would have when it only
// observes, by what its log says of their sessions. Pure; a bounded number of them is kept.
//
// They are the first to look at before observing is switched off: a printer has no queue, and a 450 of the
// greylist is the end of its mail.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "app/check/finding.hpp"
#include "base/ip.hpp"

namespace sluice::app {

/// Networks whose addresses are nobody else's (RFC 1918, RFC 4193).
std::vector<Network> private_networks();

class OwnClients {
  public:
    static constexpr std::size_t clients_max = 1000;
    static constexpr std::size_t named_max = 5;

    explicit OwnClients(std::vector<Network> own) : own_(std::move(own)) {}

    /// A line of the log; what is no session's is passed over.
    void take(std::string_view line);

    /// Advice that names those with the most sessions; nothing when there are none.
    Findings findings() const;

  private:
    std::vector<Network> own_;
    std::map<std::string, std::size_t> sessions_;  // by client
    std::size_t held_ = 0;                         // sessions that were
    std::size_t would_be_ = 0;                     // and those that would have been
};

/// What the log that this configuration writes says of them; nothing when it goes to no file.
Findings probe_own_clients(const std::string& log, std::vector<Network> own);

}  // namespace sluice::app
