// Finds the operator's own machines that Sluice has treated as suspects, or would have while it only
// observes, from the lines of sessions in its log. Pure; keeps a bounded number of them.
//
// They matter most before observing is switched off: a printer has no queue, and a 450 of the greylist loses
// its mail.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "app/check/finding.hpp"
#include "base/ip.hpp"

namespace sluice::app {

/// Private networks (RFC 1918, RFC 4193): their addresses belong to nobody else.
std::vector<Network> private_networks();

class OwnClients {
  public:
    static constexpr std::size_t clients_max = 1000;
    static constexpr std::size_t named_max = 5;

    explicit OwnClients(std::vector<Network> own) : own_(std::move(own)) {}

    /// Takes a line of the log; lines that are not about sessions are skipped.
    void take(std::string_view line);

    /// Advice that names the clients with the most sessions; nothing when there are none.
    Findings findings() const;

  private:
    std::vector<Network> own_;
    std::map<std::string, std::size_t> sessions_;  // by client
    std::size_t held_ = 0;                         // sessions that were treated so
    std::size_t would_be_ = 0;                     // sessions that would have been
};

/// The findings from the log of this configuration; nothing when it goes to no file.
Findings probe_own_clients(const std::string& log, std::vector<Network> own);

}  // namespace sluice::app
