// The check of the client's address against all DNS lists at once. A list that fails or stays silent gives no
// opinion; the failure is noted as a signal of weight 0, so that the log shows it.
#include <string>
#include <vector>

#include "judge/case.hpp"
#include "judge/inquiry.hpp"
#include "judge/list_inquiry.hpp"

namespace sluice::judge {

namespace {

class ListsInquiry final : public Inquiry {
  public:
    ListsInquiry(Case& of, const Check& check) : Inquiry(of, check) {
        const Sources& all = of.sources();
        pending_ = all.options.dns_lists.size();
        lists_.reserve(pending_);
        for (const auto& list : all.options.dns_lists)
            lists_.push_back(std::make_unique<ListInquiry>(*all.resolver, list, of.party().client(), [this] {
                if (--pending_ > 0) return;
                judge_lists();
                done();
            }));
    }

  private:
    /// Counts an answer that has not come by now as timed out.
    void expire() override { judge_lists(); }

    void judge_lists() {
        for (const auto& list : lists_)
            judge_list(*list);
    }

    void judge_list(const ListInquiry& inquiry) {
        using enum net::DnsAnswer::Status;
        const policy::DnsListOptions& list = inquiry.list();
        const auto about = list.allow ? DnsAbout::dnswl : DnsAbout::dnsbl;
        of().sources().metrics.add(Metric::dns_answers, about, inquiry.result());
        for (policy::Signal signal : inquiry.listings()) {
            signal.counted = !of().sources().options.signals.observed(
                signal.name == "dnswl" ? policy::SignalId::dnswl : policy::SignalId::dnsbl);
            tell(std::move(signal));
        }
        const bool answered = inquiry.result() == result_of(found) || inquiry.result() == result_of(absent);
        if (answered || !inquiry.listings().empty()) return;
        std::string value(name_of(inquiry.result()));
        if (!inquiry.error().empty()) value.append(": ").append(inquiry.error());
        tell({"dns_list_error", policy::shown_name(list), std::move(value), 0});
    }

    void tell(policy::Signal signal) {
        of().sources().list_has_spoken(signal);
        note(std::move(signal));
    }

    std::vector<std::unique_ptr<ListInquiry>> lists_;
    std::size_t pending_ = 0;
};

bool wanted(const Case& of) {
    const Sources& all = of.sources();
    return all.resolver != nullptr && !all.options.dns_lists.empty() && !of.is_trusted();
}

}  // namespace

const Check dns_lists_check{.stage = Stage::connect,
                            .awaited = Stage::connect,
                            .scope = policy::SignalScope::session,
                            .source = policy::Source::dns,
                            .wanted = wanted,
                            .begin = ask<ListsInquiry>};

}  // namespace sluice::judge
