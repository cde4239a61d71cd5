// The addresses of this machine's interfaces, as the kernel has them now.
#pragma once

#include <vector>

#include "base/ip.hpp"

namespace sluice::net {

/// In no order; loopback included. Empty when the kernel does not tell.
std::vector<IpAddress> own_addresses();

}  // namespace sluice::net
