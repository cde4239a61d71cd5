// Converts libunbound's result into our own answer.
#pragma once

#include "net/resolver.hpp"

struct ub_result;

namespace sluice::net {

/// Takes `error` and `result` as libunbound's callback gets them.
DnsAnswer to_answer(int error, const ub_result* result);

}  // namespace sluice::net
