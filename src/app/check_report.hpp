// What `sluice check` prints about an MTA.
#pragma once

#include <string>

#include "app/config.hpp"
#include "app/probe.hpp"

namespace sluice::app {

/// The findings in sentences, with what is lost and what to do where something is missing. Ends in a newline.
std::string mta_report(const relay::UpstreamOptions& upstream, const ProbeFindings& found,
                       const Config& config, unsigned workers);

/// The listener of Postfix's master.cf that Sluice needs to serve many clients over one connection, with room
/// for all the connections the workers may open.
std::string master_cf_lines(const relay::UpstreamOptions& upstream, const relay::PoolOptions& pool,
                            unsigned workers);

}  // namespace sluice::app
