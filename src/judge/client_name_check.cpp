// The check of the client's PTR names: for the verdict, for the MTA, or for both. When DNS cannot say, the
// name is doubtful or unknown, which is no sign against the client.
#include "judge/client_name_check.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "judge/case.hpp"
#include "judge/dns_result.hpp"
#include "judge/inquiry.hpp"
#include "policy/client_name.hpp"
#include "policy/dns_list.hpp"

namespace sluice::judge {

namespace {

using Status = net::DnsAnswer::Status;

/// The name at which DNS keeps the client's PTR record (RFC 1035 3.5, RFC 3596 2.5).
std::string reverse_name(const IpAddress& client) {
    return policy::query_name(client, client.is_v4() ? "in-addr.arpa" : "ip6.arpa");
}

bool judges_names(const Case& of) {
    return of.sources().options.judges_names() && !of.is_trusted();
}

class NameInquiry final : public Inquiry, net::DnsQuery {
  public:
    NameInquiry(Case& of, const Check& check) : Inquiry(of, check), judged_(judges_names(of)) {
        of.sources().resolver->ask(*this, reverse_name(client()), net::DnsType::ptr);
    }

  private:
    /// A name of the client, and the question whether it leads back to the client.
    class Candidate final : public net::DnsQuery {
      public:
        Candidate(NameInquiry& inquiry, const std::string& name) : inquiry_(inquiry), name_(name) {
            const auto type = inquiry.client().is_v4() ? net::DnsType::a : net::DnsType::aaaa;
            inquiry.of().sources().resolver->ask(*this, name, type);
        }

        const std::string& name() const { return name_; }
        Status confirmed() const { return confirmed_; }

      private:
        /// The PTR record is written by the owner of the address; a name is believed only if it leads back
        /// to the client.
        void answered(const net::DnsAnswer& answer) override {
            const bool leads_back =
                std::ranges::find(answer.addresses, inquiry_.client()) != answer.addresses.end();
            confirmed_ = answer.status == Status::found && !leads_back ? Status::absent : answer.status;
            inquiry_.count(DnsAbout::forward, answer.status);
            inquiry_.one_less_pending();
        }

        NameInquiry& inquiry_;
        std::string name_;
        Status confirmed_ = Status::timed_out;  // absent = does not lead back
    };

    void answered(const net::DnsAnswer& answer) override {
        named_ = answer.status;
        const std::size_t names = std::min(answer.texts.size(), client_names_max);
        pending_ += names;
        for (std::size_t i = 0; i < names; ++i)
            candidates_.push_back(std::make_unique<Candidate>(*this, answer.texts[i]));
        one_less_pending();
    }

    void one_less_pending() {
        if (--pending_ > 0) return;
        judge_names();
        done();
    }

    void expire() override { judge_names(); }

    const IpAddress& client() { return of().party().client(); }

    void count(DnsAbout about, Status status) {
        of().sources().metrics.add(Metric::dns_answers, about, result_of(status));
    }

    /// The confirmed name if there is one, else the first of the candidates.
    policy::ClientName name() const {
        using enum policy::ClientName::Standing;
        if (candidates_.empty()) return {.ptr = {}, .standing = named_ == Status::absent ? absent : unknown};
        const auto is_confirmed = [](const auto& it) { return it->confirmed() == Status::found; };
        if (const auto it = std::ranges::find_if(candidates_, is_confirmed); it != candidates_.end())
            return {.ptr = (*it)->name(), .standing = confirmed};
        return {.ptr = candidates_.front()->name(),
                .standing = doubtful_candidate() != nullptr ? doubtful : unconfirmed};
    }

    const Candidate* doubtful_candidate() const {
        const auto is_doubtful = [](const auto& it) { return unknown(it->confirmed()); };
        const auto it = std::ranges::find_if(candidates_, is_doubtful);
        return it == candidates_.end() ? nullptr : it->get();
    }

    /// Counts an answer that has not come by now as timed out.
    void judge_names() {
        count(DnsAbout::ptr, named_);
        for (const auto& candidate : candidates_)
            if (candidate->pending()) count(DnsAbout::forward, candidate->confirmed());
        policy::ClientName found = name();
        const auto standing = found.standing;
        if (standing != policy::ClientName::Standing::unknown) of().name(std::move(found));
        if (!judged_) return;
        if (candidates_.empty()) return judge_nameless();
        if (standing == policy::ClientName::Standing::doubtful)
            note(dns_error("ptr", doubtful_candidate()->confirmed()));
        if (standing == policy::ClientName::Standing::unconfirmed)
            notice(policy::SignalId::ptr_unconfirmed, candidates_.front()->name());
        const auto dynamic = [this](const auto& it) { return policy::looks_dynamic(it->name(), client()); };
        if (std::ranges::all_of(candidates_, dynamic))
            notice(policy::SignalId::dynamic_name, candidates_.front()->name());
    }

    void judge_nameless() {
        if (named_ == Status::absent) return notice(policy::SignalId::no_ptr);
        note(dns_error("ptr", named_));
    }

    const bool judged_;
    Status named_ = Status::timed_out;
    std::vector<std::unique_ptr<Candidate>> candidates_;
    std::size_t pending_ = 1;  // the PTR question
};

/// This host is localhost, whatever DNS says.
bool wanted(const Case& of) {
    const Sources& all = of.sources();
    return all.resolver != nullptr && !policy::is_this_host(of.party().client()) &&
           (all.options.resolve_names || judges_names(of));
}

}  // namespace

const Check client_name_check{.stage = Stage::connect,
                              .awaited = Stage::connect,
                              .scope = policy::SignalScope::session,
                              .source = policy::Source::dns,
                              .wanted = wanted,
                              .begin = ask<NameInquiry>};

}  // namespace sluice::judge
