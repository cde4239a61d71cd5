// The check whether the recipient is a trap.
#include "judge/case.hpp"
#include "judge/inquiry.hpp"

namespace sluice::judge {

namespace {

bool wanted(const Case& of) {
    return of.sources().options.trap_recipients.contains(of.party().recipient());
}

std::unique_ptr<Inquiry> begin(Case& of, const Check& self) {
    of.facts().trapped = true;
    of.notice(self, policy::SignalId::trap_recipient, of.party().recipient());
    return nullptr;
}

}  // namespace

const Check trap_recipient_check{.stage = Stage::rcpt,
                                 .awaited = Stage::rcpt,
                                 .scope = policy::SignalScope::session,
                                 .source = policy::Source::known,
                                 .wanted = wanted,
                                 .begin = begin};

}  // namespace sluice::judge
