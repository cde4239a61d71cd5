// How busy the machine is.
#pragma once

namespace sluice::net {

/// The load average of the last minute, a processor core; 0 when that cannot be told. Needs no file.
double load_per_core();

}  // namespace sluice::net
