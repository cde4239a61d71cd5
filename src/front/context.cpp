#include "front/context.hpp"

#include <algorithm>

#include "net/system_load.hpp"

namespace sluice::front {

const smtp::Hello& Context::hello() {
    auto offer = options.allowed.intersect(surroundings.backend.offer());
    if (options.server.accept_xclient) offer.add(smtp::Extension::xclient);
    // Asked for at each step of each session: only where it matters.
    const bool authenticates = options.server.auth != smtp::ServerOptions::Auth::off;
    const std::string_view mechanisms =
        authenticates ? surroundings.backend.auth_mechanisms() : std::string_view();
    if (hello_ != nullptr && offer == offered_ && mechanisms == mechanisms_) return *hello_;

    offered_ = offer;
    mechanisms_ = mechanisms;
    auto made = std::make_unique<const smtp::Hello>(options.server, offer, mechanisms);
    const auto same = [&made](const auto& hello) {
        return hello->esmtp().wire == made->esmtp().wire && hello->secure().wire == made->secure().wire;
    };
    const auto known = std::ranges::find_if(hellos_, same);
    hello_ = known != hellos_.end() ? known->get() : hellos_.emplace_back(std::move(made)).get();
    return *hello_;
}

policy::Pressure Context::pressure() {
    constexpr Millis every{100};
    if (now() - looked_at_ < every) return pressure_;
    looked_at_ = now();
    const auto share = [](double part, double whole) { return whole > 0 ? part / whole : 0; };
    const policy::Load load{
        .sessions = share(sessions() - 1.0, options.sessions_max),  // beside the one that asks
        .memory = share(static_cast<double>(memory.octets()), static_cast<double>(options.memory_octets_max)),
        .processor = options.policy.overload.load_per_core_percent > 0 ? net::load_per_core() : 0,
        .mta = mta_latency_};
    const policy::Pressure found = policy::pressure_of(load, options.policy.overload);
    if (found != pressure_) surroundings.tell("pressure", name_of(found));
    return pressure_ = found;
}

/// The answers of a second or so ago count for little.
void Context::mta_took(Millis time) {
    constexpr int smoothing = 16;
    mta_latency_ += (time - mta_latency_) / smoothing;
}

}  // namespace sluice::front
