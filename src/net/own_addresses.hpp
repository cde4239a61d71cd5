// The current addresses of this machine's interfaces.
#pragma once

#include <vector>

#include "base/ip.hpp"

namespace sluice::net {

/// The addresses are in no particular order, with loopback included. Empty when the kernel does not answer.
std::vector<IpAddress> own_addresses();

}  // namespace sluice::net
