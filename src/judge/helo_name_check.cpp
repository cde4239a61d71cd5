// The check whether the HELO name exists in DNS, as the name of a host or of a mail domain. Nothing waits for
// the answer until the first recipient. When DNS cannot say, that is no sign against the client.
//
// The A record is asked for first; only a name without an IPv4 address costs the other two questions.
#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "judge/case.hpp"
#include "judge/dns_result.hpp"
#include "judge/inquiry.hpp"
#include "policy/client_name.hpp"
#include "policy/helo.hpp"

namespace sluice::judge {

namespace {

using Status = net::DnsAnswer::Status;

class HeloInquiry final : public Inquiry {
  public:
    HeloInquiry(Case& of, const Check& check) : Inquiry(of, check), name_(of.party().helo()) {
        if (name_.ends_with('.')) name_.pop_back();
        ask(net::DnsType::a);
    }

  private:
    class Query final : public net::DnsQuery {
      public:
        Query(HeloInquiry& inquiry, net::DnsType type) : inquiry_(inquiry), type_(type) {}
        void answered(const net::DnsAnswer& answer) override { inquiry_.answered(type_, answer.status); }

      private:
        HeloInquiry& inquiry_;
        net::DnsType type_;
    };

    void ask(net::DnsType type) {
        auto& query = queries_.at(asked_++);
        query.emplace(*this, type);
        ++pending_;
        of().sources().resolver->ask(*query, name_, type);
    }

    void answered(net::DnsType type, Status status) {
        --pending_;
        if (status == Status::found) return finish(status);
        if (unknown(status)) doubt_ = status;
        if (type == net::DnsType::a) {
            ask(net::DnsType::aaaa);
            ask(net::DnsType::mx);
        }
        if (pending_ == 0) finish(doubt_);
    }

    void expire() override { judge(Status::timed_out); }

    void finish(Status status) {
        judge(status);
        done();
    }

    void judge(Status status) {
        of().sources().metrics.add(Metric::dns_answers, DnsAbout::helo, result_of(status));
        if (status == Status::absent) notice(policy::SignalId::helo_unresolvable);
        if (unknown(status)) note(dns_error("helo", status));
    }

    std::string name_;
    std::array<std::optional<Query>, 3> queries_;
    std::size_t asked_ = 0;
    std::size_t pending_ = 0;
    Status doubt_ = Status::absent;  // the last fault, if there was one
};

/// A name that has a fault of form is not looked up.
bool wanted(const Case& of) {
    const Party& party = of.party();
    const auto of_helo = [](const policy::Signal& signal) {
        return signal.scope == policy::SignalScope::hello;
    };
    return of.sources().resolver != nullptr &&
           of.sources().options.signals.on(policy::SignalId::helo_unresolvable) &&
           !policy::is_this_host(party.client()) && !party.authenticated() &&
           policy::is_full_name(party.helo()) && std::ranges::none_of(of.signals(), of_helo) && !of.decided();
}

}  // namespace

const Check helo_name_check{.stage = Stage::helo,
                            .awaited = Stage::rcpt,
                            .scope = policy::SignalScope::hello,
                            .source = policy::Source::dns,
                            .wanted = wanted,
                            .begin = ask<HeloInquiry>};

}  // namespace sluice::judge
