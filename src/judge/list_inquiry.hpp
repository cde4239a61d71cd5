// The inquiry what one DNS list says of a client.
//
// A listing is believed only if the list does not list every address, as a zone does whose domain has lapsed
// or that is being given up. 127.0.0.1 must not be in any list (RFC 5782 5), so it is asked for whenever a
// client is listed. This costs next to nothing, because the resolver keeps the answer for as long as its TTL
// says.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/ip.hpp"
#include "judge/dns_result.hpp"
#include "policy/dns_list.hpp"

namespace sluice::judge {

class ListInquiry final : net::DnsQuery {
  public:
    using Done = std::move_only_function<void()>;

    /// Asks the list. `done` runs once, from the loop. Destroying the inquiry earlier withdraws the
    /// questions. The resolver and the list outlive it.
    ListInquiry(net::Resolver& resolver, const policy::DnsListOptions& list, const IpAddress& client,
                Done done);

    const policy::DnsListOptions& list() const { return list_; }
    /// The result so far: timed out until there is an answer, and then believed until the list is known to
    /// list every address.
    DnsResult result() const { return result_; }
    const std::vector<policy::Signal>& listings() const { return listings_; }
    /// After a bad answer: its code, with the meaning where that is known.
    const std::string& error() const { return error_; }

  private:
    class Test final : public net::DnsQuery {
      public:
        explicit Test(ListInquiry& inquiry) : inquiry_(inquiry) {}
        void answered(const net::DnsAnswer& answer) override { inquiry_.tested(answer); }

      private:
        ListInquiry& inquiry_;
    };

    void answered(const net::DnsAnswer& answer) override;
    void tested(const net::DnsAnswer& answer);

    net::Resolver& resolver_;
    const policy::DnsListOptions& list_;
    Done done_;
    Test test_{*this};
    DnsResult result_ = result_of(net::DnsAnswer::Status::timed_out);
    std::vector<policy::Signal> listings_;
    std::string error_;
};

}  // namespace sluice::judge
