#include "front/admission.hpp"

#include <algorithm>

#include "policy/client_name.hpp"

namespace sluice::front {

std::string_view name_of(DnsResult result) {
    return metric_values::dns_results[static_cast<std::size_t>(result)];
}

namespace {

/// The name at which DNS keeps the client's PTR record (RFC 1035 3.5, RFC 3596 2.5).
std::string reverse_name(const IpAddress& client) {
    return policy::query_name(client, client.is_v4() ? "in-addr.arpa" : "ip6.arpa");
}

bool judges_names(const PolicyOptions& policy, bool judged, const IpAddress& client) {
    return judged && policy.judges_names() && !policy::is_this_host(client);
}

/// Names are looked up for the verdict, for the MTA, or for both.
bool looks_up_names(const PolicyOptions& policy, bool judged, const IpAddress& client) {
    return judges_names(policy, judged, client) || (policy.resolve_names && !policy::is_this_host(client));
}

}  // namespace

class Admission::NameQuery final : public net::DnsQuery {
  public:
    explicit NameQuery(Admission& admission) : admission_(admission) {}
    void answered(const net::DnsAnswer& answer) override { admission_.name_answered(answer); }

  private:
    Admission& admission_;
};

class Admission::ConfirmQuery final : public net::DnsQuery {
  public:
    ConfirmQuery(Admission& admission, Candidate& candidate) : admission_(admission), candidate_(candidate) {}
    void answered(const net::DnsAnswer& answer) override { admission_.name_confirmed(candidate_, answer); }

  private:
    Admission& admission_;
    Candidate& candidate_;
};

bool Admission::needed(const PolicyOptions& policy, const net::Resolver* resolver, bool judged,
                       const IpAddress& client) {
    return resolver != nullptr &&
           (looks_up_names(policy, judged, client) || (judged && !policy.dns_lists.empty()));
}

Admission::Admission(net::Loop& loop, net::Resolver& resolver, const PolicyOptions& policy, Metrics& metrics,
                     bool judged, const IpAddress& client, Done done)
    : resolver_(resolver),
      policy_(policy),
      metrics_(metrics),
      client_(client),
      judged_(judged),
      names_judged_(judges_names(policy, judged, client)),
      done_(std::move(done)) {
    loop.arm(*this, policy.dns_deadline);
    if (judged_) {
        lists_.reserve(policy.dns_lists.size());
        for (const auto& list : policy.dns_lists) {
            ++pending_;
            lists_.push_back(
                std::make_unique<ListInquiry>(resolver_, list, client_, [this] { one_less_pending(); }));
        }
    }
    if (looks_up_names(policy, judged, client)) {
        ++pending_;
        name_ = std::make_unique<NameQuery>(*this);
        resolver_.ask(*name_, reverse_name(client_), net::DnsType::ptr);
    }
}

Admission::~Admission() = default;

void Admission::on_timer() {
    finish();
}

/// Counts an answer that has not come by now as timed out.
void Admission::judge_list(const ListInquiry& inquiry) {
    const policy::DnsListOptions& list = inquiry.list();
    metrics_.add(Metric::dns_answers, list.allow ? DnsAbout::dnswl : DnsAbout::dnsbl, inquiry.result());
    for (policy::Signal signal : inquiry.listings()) {
        signal.counted = !policy_.signals.observed(signal.name == "dnswl" ? policy::SignalId::dnswl
                                                                          : policy::SignalId::dnsbl);
        findings_.signals.push_back(std::move(signal));
    }
    if (inquiry.listings().empty() && inquiry.result() != result_of(net::DnsAnswer::Status::found) &&
        inquiry.result() != result_of(net::DnsAnswer::Status::absent)) {
        std::string value(name_of(inquiry.result()));
        if (!inquiry.error().empty()) value.append(": ").append(inquiry.error());
        findings_.signals.push_back({"dns_list_error", policy::shown_name(list), std::move(value), 0});
    }
}

void Admission::name_answered(const net::DnsAnswer& answer) {
    named_ = answer.status;
    const std::size_t names = std::min(answer.texts.size(), names_max);
    candidates_.reserve(names);  // the queries refer to them
    for (std::size_t i = 0; i < names; ++i) {
        Candidate& candidate = candidates_.emplace_back(answer.texts[i]);
        candidate.query = std::make_unique<ConfirmQuery>(*this, candidate);
        ++pending_;
        resolver_.ask(*candidate.query, candidate.name,
                      client_.is_v4() ? net::DnsType::a : net::DnsType::aaaa);
    }
    one_less_pending();
}

void Admission::name_confirmed(Candidate& candidate, const net::DnsAnswer& answer) {
    // The PTR record is written by the owner of the address; a name is believed only if it leads back to the
    // client.
    const bool leads_back = std::ranges::find(answer.addresses, client_) != answer.addresses.end();
    metrics_.add(Metric::dns_answers, DnsAbout::forward, result_of(answer.status));
    candidate.confirmed = answer.status;
    if (answer.status == net::DnsAnswer::Status::found && !leads_back)
        candidate.confirmed = net::DnsAnswer::Status::absent;
    one_less_pending();
}

/// The confirmed name if there is one, else the first of the candidates.
policy::ClientName Admission::name() const {
    using enum policy::ClientName::Standing;
    if (candidates_.empty())
        return {.ptr = {}, .standing = named_ == net::DnsAnswer::Status::absent ? absent : unknown};
    const auto confirmed_by =
        std::ranges::find(candidates_, net::DnsAnswer::Status::found, &Candidate::confirmed);
    if (confirmed_by != candidates_.end()) return {.ptr = confirmed_by->name, .standing = confirmed};
    const bool doubt = std::ranges::any_of(
        candidates_, [](const Candidate& candidate) { return front::unknown(candidate.confirmed); });
    return {.ptr = candidates_.front().name, .standing = doubt ? doubtful : unconfirmed};
}

/// Counts an answer that has not come by now as timed out, as judge_list() does.
void Admission::judge_names() {
    metrics_.add(Metric::dns_answers, DnsAbout::ptr, result_of(named_));
    for (const Candidate& candidate : candidates_)
        if (candidate.query->pending())
            metrics_.add(Metric::dns_answers, DnsAbout::forward, result_of(candidate.confirmed));
    findings_.name = name();
    if (!names_judged_) return;

    if (candidates_.empty()) {
        if (named_ == net::DnsAnswer::Status::absent) return sign(policy::SignalId::no_ptr);
        findings_.signals.push_back(dns_error("ptr", named_));
        return;
    }
    if (findings_.name.standing != policy::ClientName::Standing::confirmed) {
        const auto doubtful = std::ranges::find_if(
            candidates_, [](const Candidate& candidate) { return unknown(candidate.confirmed); });
        if (doubtful != candidates_.end()) {
            findings_.signals.push_back(dns_error("ptr", doubtful->confirmed));
        } else {
            sign(policy::SignalId::ptr_unconfirmed, candidates_.front().name);
        }
    }
    const auto dynamic = [this](const Candidate& candidate) {
        return policy::looks_dynamic(candidate.name, client_);
    };
    if (std::ranges::all_of(candidates_, dynamic))
        sign(policy::SignalId::dynamic_name, candidates_.front().name);
}

void Admission::sign(policy::SignalId id, std::string value) {
    if (policy_.signals.on(id)) findings_.signals.push_back(policy_.signals.signal(id, std::move(value)));
}

void Admission::one_less_pending() {
    if (--pending_ == 0) finish();
}

void Admission::finish() {
    disarm();
    for (const auto& list : lists_)
        judge_list(*list);
    if (name_) judge_names();
    auto done = std::move(done_);
    auto findings = std::move(findings_);
    done(findings);  // may destroy us
}

}  // namespace sluice::front
