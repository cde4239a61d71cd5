// What `sluice check` prints about an MTA, and about where Sluice listens.
#pragma once

#include <string>

#include "app/check/probe.hpp"
#include "app/config/config.hpp"

namespace sluice::app {

/// The findings in sentences; where something is wrong, what to do comes first. Ends in a newline.
std::string mta_report(const relay::UpstreamOptions& upstream, const ProbeFindings& found,
                       const Config& config, unsigned workers);

/// Something is wrong that mail must not be let through with: `sluice check` fails. The report says ERROR.
bool has_errors(const relay::UpstreamOptions& upstream, const ProbeFindings& found, const Config& config);

/// The MTA takes mail for other domains from somebody who may not send any.
bool relays_wrongly(const relay::UpstreamOptions& upstream, const ProbeFindings& found);

/// For a listener whose cleanup service slows Sluice's questions about recipients.
std::string flow_control_warning(const std::string& listener);

/// Which clients the addresses to listen at leave out though they look as if they did not; empty = none.
std::string listen_report(const Config& config);

}  // namespace sluice::app
