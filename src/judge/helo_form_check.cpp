// The check of the HELO name by itself: its form, and whether it is ours. Finding the address that the client
// has connected to costs a system call, so it is found only where it matters.
#include "base/ascii.hpp"
#include "judge/case.hpp"
#include "judge/inquiry.hpp"
#include "policy/helo.hpp"

namespace sluice::judge {

namespace {

bool wanted(const Case&) {
    return true;
}

std::unique_ptr<Inquiry> begin(Case& of, const Check& self) {
    const Party& party = of.party();
    const std::string_view our_name = of.sources().our_name;
    const bool ours_matters = party.helo().starts_with('[') || ascii::starts_with(party.helo(), our_name);
    const policy::HeloFacts facts{party.client(), our_name, ours_matters ? party.reached() : IpAddress()};
    if (const auto sign = policy::judge_helo(party.helo(), facts)) of.notice(self, *sign);
    return nullptr;
}

}  // namespace

const Check helo_form_check{.stage = Stage::helo,
                            .awaited = Stage::helo,
                            .scope = policy::SignalScope::hello,
                            .source = policy::Source::known,
                            .wanted = wanted,
                            .begin = begin};

}  // namespace sluice::judge
