#include "net/dns_answer.hpp"

#include <unbound.h>

#include <cstddef>
#include <span>

#include "net/dns_fault_log.hpp"
#include "net/dns_record.hpp"

namespace sluice::net {

namespace {

/// The status of a result without data.
DnsAnswer::Status why_nothing(const ub_result& result) {
    using Status = DnsAnswer::Status;
    constexpr int no_error = 0;
    constexpr int servfail = 2;
    if (result.nxdomain) return Status::absent;
    if (result.rcode == servfail)
        return DnsFaultLog::of_process().why(result.qname, static_cast<DnsType>(result.qtype));
    if (result.rcode != no_error) return Status::refused;
    const std::span packet{static_cast<const unsigned char*>(result.answer_packet),
                           result.answer_len > 0 ? static_cast<std::size_t>(result.answer_len) : 0};
    return is_referral(packet) ? Status::lame : Status::absent;
}

}  // namespace

DnsAnswer to_answer(int error, const ub_result* result) {
    DnsAnswer answer;
    if (error != UB_NOERROR || result == nullptr) {
        answer.status = DnsAnswer::Status::not_asked;
        return answer;
    }
    if (result->bogus) {
        answer.status = DnsAnswer::Status::bogus;
        return answer;
    }
    if (!result->havedata) {
        answer.status = why_nothing(*result);
        return answer;
    }
    for (int i = 0; result->data[i] != nullptr; ++i) {
        const std::span wire{reinterpret_cast<const unsigned char*>(result->data[i]),
                             static_cast<std::size_t>(result->len[i])};
        if (add_record(answer, static_cast<DnsType>(result->qtype), wire)) continue;
        answer = {};
        answer.status = DnsAnswer::Status::malformed;
        return answer;
    }
    answer.status = DnsAnswer::Status::found;
    answer.secure = result->secure != 0;
    answer.ttl_s = result->ttl > 0 ? static_cast<std::uint32_t>(result->ttl) : 0;
    return answer;
}

}  // namespace sluice::net
