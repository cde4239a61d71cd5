// The inquiry whether a client's HELO name exists in DNS, as the name of a host or of a mail domain.
//
// The A record is asked for first; only a name without an IPv4 address costs the other two questions.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>

#include "base/metrics.hpp"
#include "front/inquiry.hpp"

namespace sluice::front {

class HeloInquiry final : public Inquiry, net::Timer {
  public:
    /// found: the name exists. absent: it definitely has no A, AAAA or MX record. Any other status: DNS could
    /// not say.
    using Done = std::move_only_function<void(net::DnsAnswer::Status)>;

    /// `name` is a full name (policy::is_full_name). `done` runs once, from the loop, at the latest after
    /// `deadline`, and may destroy the inquiry.
    HeloInquiry(net::Loop& loop, net::Resolver& resolver, Metrics& metrics, Millis deadline,
                std::string_view name, Done done);
    ~HeloInquiry() override;

  private:
    class Query;

    void on_timer() override;
    void ask(net::DnsType type);
    void answered(net::DnsType type, const net::DnsAnswer& answer);
    void finish(net::DnsAnswer::Status status);

    net::Resolver& resolver_;
    Metrics& metrics_;
    std::string name_;
    Done done_;
    std::array<std::unique_ptr<Query>, 3> queries_;
    std::size_t asked_ = 0;
    std::size_t pending_ = 0;
    net::DnsAnswer::Status doubt_ = net::DnsAnswer::Status::absent;  // the last fault, if there was one
};

}  // namespace sluice::front
