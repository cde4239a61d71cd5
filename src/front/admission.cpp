#include "front/admission.hpp"

#include <algorithm>

#include "policy/dns_list.hpp"

namespace sluice::front {

namespace {

std::string_view name_of(net::DnsAnswer::Status status) {
    switch (status) {
        case net::DnsAnswer::Status::found: return "found";
        case net::DnsAnswer::Status::absent: return "absent";
        case net::DnsAnswer::Status::failed: return "dns_failed";
        case net::DnsAnswer::Status::timed_out: return "timed_out";
    }
    return "";
}

/// The name whose PTR record names the client (RFC 1035 3.5, RFC 3596 2.5).
std::string reverse_name(const IpAddress& client) {
    return policy::query_name(client, client.is_v4() ? "in-addr.arpa" : "ip6.arpa");
}

}  // namespace

class Admission::ListQuery final : public net::DnsQuery {
  public:
    ListQuery(Admission& admission, const policy::DnsListOptions& list)
        : admission_(admission), list_(list) {}
    void answered(const net::DnsAnswer& answer) override {
        answered_ = true;
        admission_.list_answered(list_, answer);
    }
    bool unanswered() const { return !answered_; }
    const policy::DnsListOptions& list() const { return list_; }

  private:
    Admission& admission_;
    const policy::DnsListOptions& list_;
    bool answered_ = false;
};

class Admission::NameQuery final : public net::DnsQuery {
  public:
    explicit NameQuery(Admission& admission) : admission_(admission) {}
    void answered(const net::DnsAnswer& answer) override { admission_.name_answered(answer); }

  private:
    Admission& admission_;
};

class Admission::ConfirmQuery final : public net::DnsQuery {
  public:
    explicit ConfirmQuery(Admission& admission) : admission_(admission) {}
    void answered(const net::DnsAnswer& answer) override { admission_.name_confirmed(answer); }

  private:
    Admission& admission_;
};

bool Admission::needed(const PolicyOptions& policy, const net::Resolver* resolver, bool ask_lists) {
    return resolver != nullptr && (policy.resolve_names || (ask_lists && !policy.dns_lists.empty()));
}

Admission::Admission(net::Loop& loop, net::Resolver& resolver, const PolicyOptions& policy, bool ask_lists,
                     const IpAddress& client, Done done)
    : resolver_(resolver), client_(client), done_(std::move(done)) {
    loop.arm(*this, policy.dns_deadline);
    if (ask_lists) {
        lists_.reserve(policy.dns_lists.size());
        for (const auto& list : policy.dns_lists) {
            ++pending_;
            lists_.push_back(std::make_unique<ListQuery>(*this, list));
            resolver_.ask(*lists_.back(), policy::query_name(client_, list.zone), net::DnsType::a);
        }
    }
    if (policy.resolve_names) {
        ++pending_;
        name_ = std::make_unique<NameQuery>(*this);
        resolver_.ask(*name_, reverse_name(client_), net::DnsType::ptr);
    }
}

Admission::~Admission() = default;

void Admission::on_timer() {
    for (const auto& query : lists_) {
        if (query->unanswered()) {
            findings_.signals.push_back({"dns_list_error", query->list().zone, "timed_out", 0});
        }
    }
    finish();
}

void Admission::list_answered(const policy::DnsListOptions& list, const net::DnsAnswer& answer) {
    if (answer.status == net::DnsAnswer::Status::found) {
        auto opinion = policy::interpret(list, answer.addresses);
        if (opinion.signal) findings_.signals.push_back(std::move(*opinion.signal));
        if (opinion.listing == policy::Listing::list_error) {
            findings_.signals.push_back({"dns_list_error", list.zone, "bad_answer", 0});
        }
    } else if (answer.status != net::DnsAnswer::Status::absent) {
        findings_.signals.push_back({"dns_list_error", list.zone, std::string(name_of(answer.status)), 0});
    }
    one_less_pending();
}

void Admission::name_answered(const net::DnsAnswer& answer) {
    if (answer.status != net::DnsAnswer::Status::found || answer.texts.empty()) return one_less_pending();
    candidate_ = answer.texts.front();
    confirm_ = std::make_unique<ConfirmQuery>(*this);
    resolver_.ask(*confirm_, candidate_, client_.is_v4() ? net::DnsType::a : net::DnsType::aaaa);
}

void Admission::name_confirmed(const net::DnsAnswer& answer) {
    // A PTR record is its owner's word; only a name that points back is a name.
    if (std::ranges::find(answer.addresses, client_) != answer.addresses.end()) findings_.name = candidate_;
    one_less_pending();
}

void Admission::one_less_pending() {
    if (--pending_ == 0) finish();
}

void Admission::finish() {
    disarm();
    auto done = std::move(done_);
    auto findings = std::move(findings_);
    done(findings);  // may destroy us
}

}  // namespace sluice::front
