// The DNS inquiry about a client before it is greeted: DNS lists and the client's names, all asked at once,
// under one deadline.
//
// A list or name that fails or stays silent gives no opinion; the failure is noted as a signal of weight 0,
// so that the log shows it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/ip.hpp"
#include "base/metrics.hpp"
#include "front/inquiry.hpp"
#include "front/list_inquiry.hpp"
#include "front/options.hpp"
#include "net/loop.hpp"
#include "net/resolver.hpp"
#include "policy/client_name.hpp"
#include "policy/verdict.hpp"
#include "smtp/backend.hpp"

namespace sluice::front {

class Admission final : public Inquiry, net::Timer {
  public:
    /// The number of a client's PTR names that are looked at.
    static constexpr std::size_t names_max = 5;

    /// An MTA's refusal of the client itself, which therefore holds for every other question about this
    /// client.
    struct Refusal {
        smtp::Answer answer;
        Instant until;
    };
    /// `refusal` and `farewell` are set later, during the session.
    struct Findings {
        std::vector<policy::Signal> signals;
        policy::ClientName name;
        net::Endpoint destination;  // from a PROXY header; port 0 = the socket's own address
        std::unique_ptr<Refusal> refusal = {};
        std::string farewell = {};  // wire form of the reply that closed the session, if that was not 221
    };
    using Done = std::move_only_function<void(Findings&)>;

    /// Whether there is anything to ask. `judged`: lists and names count, because no network list decides
    /// alone.
    static bool needed(const PolicyOptions& policy, const net::Resolver* resolver, bool judged,
                       const IpAddress& client);

    /// Asks DNS. `done` runs once, from the loop, at the latest after policy.dns_deadline, and may destroy
    /// the admission. Destroying the admission earlier withdraws the questions.
    Admission(net::Loop& loop, net::Resolver& resolver, const PolicyOptions& policy, Metrics& metrics,
              bool judged, const IpAddress& client, Done done);
    ~Admission() override;

  private:
    class NameQuery;
    class ConfirmQuery;
    struct Candidate {
        std::string name;
        std::unique_ptr<ConfirmQuery> query;
        net::DnsAnswer::Status confirmed = net::DnsAnswer::Status::timed_out;  // absent = does not lead back
    };

    void on_timer() override;
    void judge_list(const ListInquiry& inquiry);
    void name_answered(const net::DnsAnswer& answer);
    void name_confirmed(Candidate& candidate, const net::DnsAnswer& answer);
    policy::ClientName name() const;
    void judge_names();
    void sign(policy::SignalId id, std::string value = {});
    void one_less_pending();
    void finish();

    net::Resolver& resolver_;
    const PolicyOptions& policy_;
    Metrics& metrics_;
    IpAddress client_;
    bool judged_;
    bool names_judged_;
    Done done_;
    Findings findings_;
    std::vector<std::unique_ptr<ListInquiry>> lists_;
    std::unique_ptr<NameQuery> name_;
    net::DnsAnswer::Status named_ = net::DnsAnswer::Status::timed_out;
    std::vector<Candidate> candidates_;
    std::size_t pending_ = 0;
};

}  // namespace sluice::front
