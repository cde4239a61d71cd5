#include "sim/client.hpp"

#include <utility>

namespace sluice::sim {

Client::Client(World& world, ClientFacts facts, std::vector<Letter> letters, Micros delay)
    : world_(world), number_(world.ledger.add_client(std::move(facts))), letters_(std::move(letters)) {
    world_.agenda.after(delay, [this] { come(); });
}

void Client::come() {
    if (world_.leaving) return;
    if (session_) past_.push_back(std::move(session_));
    ++world_.sessions;
    session_ = std::make_unique<ClientSession>(world_, *this);
}

void Client::session_over() {
    const policy::Lane lane = facts().lane;
    if (lane == policy::Lane::defer || lane == policy::Lane::reject) letters_.clear();
    if (done() || world_.leaving) return;
    world_.agenda.after(Seconds{world_.dice.magnitude(5, 1800)}, [this] { come(); });
}

}  // namespace sluice::sim
