// The report of `sluice check` about an MTA, and about the addresses where Sluice listens.
#pragma once

#include <string>

#include "app/check/probe.hpp"
#include "app/config/config.hpp"

namespace sluice::app {

/// The findings in sentences; where something is wrong, what to do comes first. Ends in a newline.
std::string mta_report(const relay::UpstreamOptions& upstream, const ProbeFindings& found,
                       const Config& config, unsigned workers);

/// Whether something is wrong that must not be used for mail: `sluice check` fails. The report says ERROR.
bool has_errors(const relay::UpstreamOptions& upstream, const ProbeFindings& found, const Config& config);

/// Whether the MTA accepts mail for foreign domains from a client that may not send any.
bool relays_wrongly(const relay::UpstreamOptions& upstream, const ProbeFindings& found);

/// A warning about a listener whose cleanup service slows down Sluice's questions about recipients.
std::string flow_control_warning(const std::string& listener);

/// The clients that the listening addresses exclude although they seem to include them; empty = none.
std::string listen_report(const Config& config);

}  // namespace sluice::app
