// What libunbound's result says, as an answer of ours.
#pragma once

#include "net/resolver.hpp"

struct ub_result;

namespace sluice::net {

/// `error` and `result` as libunbound's callback gets them.
DnsAnswer to_answer(int error, const ub_result* result);

}  // namespace sluice::net
