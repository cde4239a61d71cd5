// The check whether the client has named many recipients lately that do not exist.
#include <string>

#include "judge/case.hpp"
#include "judge/inquiry.hpp"

namespace sluice::judge {

namespace {

unsigned named(const Case& of) {
    const Sources& all = of.sources();
    return all.unknown_recipients.count(of.party().client(), all.loop.now());
}

bool wanted(const Case& of) {
    const unsigned limit = of.sources().options.unknown_recipients.slow_after;
    return limit > 0 && named(of) >= limit;
}

std::unique_ptr<Inquiry> begin(Case& of, const Check& self) {
    of.notice(self, policy::SignalId::unknown_recipients, std::to_string(named(of)));
    return nullptr;
}

}  // namespace

const Check unknown_recipients_check{.stage = Stage::connect,
                                     .awaited = Stage::connect,
                                     .scope = policy::SignalScope::session,
                                     .source = policy::Source::known,
                                     .wanted = wanted,
                                     .begin = begin};

}  // namespace sluice::judge
