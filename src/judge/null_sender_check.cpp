// The check whether a bounce has many recipients. A refused recipient counts as well.
#include <string>

#include "judge/case.hpp"
#include "judge/inquiry.hpp"

namespace sluice::judge {

namespace {

/// The recipient in question included.
std::size_t named(const Case& of) {
    return of.party().envelope().recipients.size() + of.party().recipients_refused() + 1;
}

bool wanted(const Case& of) {
    return of.party().envelope().sender.empty() && named(of) >= of.sources().options.null_sender_recipients;
}

std::unique_ptr<Inquiry> begin(Case& of, const Check& self) {
    of.notice(self, policy::SignalId::null_sender_fanout, std::to_string(named(of)));
    return nullptr;
}

}  // namespace

const Check null_sender_check{.stage = Stage::rcpt,
                              .awaited = Stage::rcpt,
                              .scope = policy::SignalScope::session,
                              .source = policy::Source::known,
                              .wanted = wanted,
                              .begin = begin};

}  // namespace sluice::judge
