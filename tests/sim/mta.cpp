#include "sim/mta.hpp"

#include <algorithm>
#include <cerrno>

namespace sluice::sim {

Mta::Mta(World& world, const MtaTraits& traits) : world_(world), traits_(traits) {
    restart_now_and_then();
}

std::shared_ptr<Link> Mta::connect() {
    auto link = world_.make_link('M');
    notice_storm();
    // The delay of a connection attempt, which takes a round trip.
    world_.agenda.after(world_.path.latency * 2, [this, link] { answer_connection(link); });
    return link;
}

/// Reports a storm: whatever the clients do, connections must not be opened again and again without use.
void Mta::notice_storm() {
    constexpr unsigned links_max = 20'000;  // of clients and MTAs, in one seed; most have some hundreds
    if (world_.links.size() == links_max) world_.ledger.violation(links_max, "a storm of connections");
}

void Mta::answer_connection(const std::shared_ptr<Link>& link) {
    if (world_.faults.strikes(Fault::mta_never_connects)) return link->vanish();
    const bool down = world_.agenda.now() < down_until_ && !world_.faults.healed();
    if (down || world_.faults.strikes(Fault::mta_refuses_connection)) return link->refused(ECONNREFUSED);
    if (link->product_closed()) return;
    sessions_.push_back(std::make_unique<MtaSession>(world_, *this, link));
}

void Mta::freeze(Micros duration) {
    frozen_until_ = std::max(frozen_until_, world_.agenda.now() + duration);
}

/// Breaks every connection, and refuses new ones for some time.
void Mta::restart_now_and_then() {
    if (world_.faults.healed()) return;
    world_.agenda.after(Seconds{10}, [this] { restart_now_and_then(); });
    if (!world_.faults.strikes(Fault::mta_restarts)) return;
    down_until_ = world_.agenda.now() + Millis{world_.dice.magnitude(100, 300'000)};
    for (const auto& session : sessions_)
        session->die(world_.dice.chance(500));
}

}  // namespace sluice::sim
