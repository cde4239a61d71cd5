#include "judge/list_inquiry.hpp"

#include <utility>

namespace sluice::judge {

namespace {

/// The address that no list may contain (RFC 5782 5).
const IpAddress never_listed = IpAddress::v4({127, 0, 0, 1});

}  // namespace

ListInquiry::ListInquiry(net::Resolver& resolver, const policy::DnsListOptions& list, const IpAddress& client,
                         Done done)
    : resolver_(resolver), list_(list), done_(std::move(done)) {
    resolver_.ask(*this, policy::query_name(client, list_.zone), net::DnsType::a);
}

void ListInquiry::answered(const net::DnsAnswer& answer) {
    result_ = result_of(answer.status);
    if (answer.status == net::DnsAnswer::Status::found) {
        auto opinion = policy::interpret(list_, answer.addresses);
        listings_ = std::move(opinion.signals);
        error_ = std::move(opinion.error);
        if (opinion.listing == policy::Listing::list_error) result_ = DnsResult::bad_answer;
    }
    if (!listings_.empty())
        return resolver_.ask(test_, policy::query_name(never_listed, list_.zone), net::DnsType::a);
    done_();
}

void ListInquiry::tested(const net::DnsAnswer& answer) {
    auto opinion = policy::interpret(list_, answer.addresses);
    error_ = std::move(opinion.error);
    switch (opinion.listing) {
        case policy::Listing::not_listed: break;
        case policy::Listing::listed: result_ = DnsResult::lists_everything; break;
        case policy::Listing::list_error: result_ = DnsResult::bad_answer; break;
    }
    if (result_ != result_of(net::DnsAnswer::Status::found)) listings_.clear();
    done_();
}

}  // namespace sluice::judge
