#include "front/context.hpp"

namespace sluice::front {

smtp::Offer Context::offer() const {
    // Our own bound belongs to what we can do; everything else is the operator's and the MTA's word.
    auto ours = options.allowed;
    if (ours.has(smtp::Extension::size)) ours.set_size_max(options.server.limits.message_octets_max);
    if (options.server.accept_xclient)
        return ours.intersect(surroundings.backend.offer()).add(smtp::Extension::xclient);
    return ours.intersect(surroundings.backend.offer());
}

}  // namespace sluice::front
