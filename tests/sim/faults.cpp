#include "sim/faults.hpp"

#include <algorithm>

namespace sluice::sim {

namespace {

constexpr std::array<std::string_view, fault_kinds> names{"client_resets",
                                                          "client_closes",
                                                          "client_half_closes",
                                                          "client_vanishes",
                                                          "client_pauses",
                                                          "client_reads_slowly",
                                                          "client_impatient",
                                                          "client_leaves_at_dot",
                                                          "client_noise",
                                                          "client_smuggles",
                                                          "client_resets_mail",
                                                          "mta_refuses_connection",
                                                          "mta_never_connects",
                                                          "mta_resets",
                                                          "mta_closes",
                                                          "mta_hangs",
                                                          "mta_freezes",
                                                          "mta_restarts",
                                                          "mta_late",
                                                          "mta_garbage",
                                                          "mta_extra_reply",
                                                          "mta_says_421",
                                                          "mta_defers",
                                                          "mta_refuses",
                                                          "mta_forgets_recipient",
                                                          "mta_refuses_identity",
                                                          "mta_out_of_step",
                                                          "mta_hides_xclient",
                                                          "mta_relays",
                                                          "mta_answers_early",
                                                          "mta_takes_and_dies",
                                                          "mta_takes_and_is_late",
                                                          "disk_full",
                                                          "disk_slow",
                                                          "no_descriptors",
                                                          "watch_refused",
                                                          "dns_fails",
                                                          "dns_silent",
                                                          "loop_stalls",
                                                          "wall_clock_steps"};

/// One world in ten has no faults at all, some have few kinds, most have about half of them.
unsigned kinds_per_mille(Dice& dice) {
    switch (dice.below(10)) {
        case 0: return 0;
        case 1:
        case 2:
        case 3: return 100;
        default: return 500;
    }
}

/// Faults with few occasions strike more often.
constexpr Fault rare[] = {Fault::mta_takes_and_dies, Fault::mta_takes_and_is_late, Fault::disk_full,
                          Fault::disk_slow,          Fault::client_smuggles,       Fault::client_resets_mail};

}  // namespace

std::string_view name_of(Fault fault) {
    return names[static_cast<std::size_t>(fault)];
}

Faults::Faults(Dice dice) : dice_(dice) {
    const unsigned enabled = kinds_per_mille(dice_);
    for (unsigned& rate : rates_)
        rate = dice_.chance(enabled) ? static_cast<unsigned>(dice_.magnitude(1, 200)) : 0;
    for (const Fault fault : rare) {
        unsigned& rate = rates_[static_cast<std::size_t>(fault)];
        if (rate != 0) rate += static_cast<unsigned>(dice_.between(50, 300));
    }
}

bool Faults::strikes(Fault fault) {
    const auto kind = static_cast<std::size_t>(fault);
    if (healed_ || rates_[kind] == 0 || !dice_.chance(rates_[kind])) return false;
    ++counts_[kind];
    return true;
}

bool Faults::none() const {
    return std::ranges::all_of(rates_, [](unsigned rate) { return rate == 0; });
}

void Faults::only(Fault fault, unsigned per_mille) {
    rates_.fill(0);
    rates_[static_cast<std::size_t>(fault)] = per_mille;
}

}  // namespace sluice::sim
