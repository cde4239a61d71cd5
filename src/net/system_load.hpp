// The load of the machine.
#pragma once

namespace sluice::net {

/// The load average of the last minute, per processor core; 0 when it is not known. Needs no file.
double load_per_core();

}  // namespace sluice::net
