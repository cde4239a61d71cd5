// What is found out about a client before it is greeted: DNS lists and its name, all asked at once, under one
// deadline.
//
// A list that errs or stays silent gives no opinion; it is noted as a signal of weight 0, so that the log
// shows it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/ip.hpp"
#include "front/options.hpp"
#include "net/loop.hpp"
#include "net/resolver.hpp"
#include "policy/verdict.hpp"

namespace sluice::front {

class Admission final : private net::Timer {
  public:
    struct Findings {
        std::vector<policy::Signal> signals;
        std::string name;  // forward-confirmed PTR name (RFC 1912 2.1); empty = none, or not found in time
    };
    using Done = std::move_only_function<void(Findings&)>;

    /// Is there anything to ask for?
    static bool needed(const PolicyOptions& policy, const net::Resolver* resolver, bool ask_lists);

    /// Asks; `done` runs once, from the loop, at the latest after policy.dns_deadline, and may destroy the
    /// admission. Destroying it earlier withdraws the questions.
    Admission(net::Loop& loop, net::Resolver& resolver, const PolicyOptions& policy, bool ask_lists,
              const IpAddress& client, Done done);
    ~Admission();

  private:
    class ListQuery;
    class NameQuery;
    class ConfirmQuery;

    void on_timer() override;
    void list_answered(const policy::DnsListOptions& list, const net::DnsAnswer& answer);
    void name_answered(const net::DnsAnswer& answer);
    void name_confirmed(const net::DnsAnswer& answer);
    void one_less_pending();
    void finish();

    net::Resolver& resolver_;
    IpAddress client_;
    Done done_;
    Findings findings_;
    std::string candidate_;
    std::vector<std::unique_ptr<ListQuery>> lists_;
    std::unique_ptr<NameQuery> name_;
    std::unique_ptr<ConfirmQuery> confirm_;
    std::size_t pending_ = 0;
};

}  // namespace sluice::front
