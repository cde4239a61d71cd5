#include "judge/dns_result.hpp"

#include "base/metrics.hpp"

namespace sluice::judge {

std::string_view name_of(DnsResult result) {
    return metric_values::dns_results[static_cast<std::size_t>(result)];
}

}  // namespace sluice::judge
