#include "front/context.hpp"

#include <algorithm>

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

}  // namespace sluice::front
