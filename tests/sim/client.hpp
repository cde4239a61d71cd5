// A mail server that wants to deliver its letters, as RFC 5321 says: it waits for as long as 4.5.3.2
// requires, and comes again until every letter has been accepted or refused for good. Faults strike it at
// random.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sim/client_session.hpp"
#include "sim/letter.hpp"
#include "sim/world.hpp"

namespace sluice::sim {

class Client {
  public:
    /// Connects for the first time after `delay`. `world` must outlive it.
    Client(World& world, ClientFacts facts, std::vector<Letter> letters, Micros delay);

    bool done() const { return letters_.empty(); }
    /// True while it has a connection.
    bool busy() const { return session_ != nullptr && !session_->over(); }
    unsigned number() const { return number_; }
    const ClientFacts& facts() const { return world_.ledger.client(number_); }

    // Called by its session.
    std::vector<Letter>& letters() { return letters_; }
    void session_over();

  private:
    void come();

    World& world_;
    unsigned number_;
    std::vector<Letter> letters_;
    std::vector<std::unique_ptr<ClientSession>> past_;  // kept because the network may still know them
    std::unique_ptr<ClientSession> session_;
};

}  // namespace sluice::sim
