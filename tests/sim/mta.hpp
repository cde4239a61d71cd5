// A mail server behind the product. It behaves like Postfix with XCLIENT allowed, until a fault strikes it.
//
// A recipient's name says whether it exists: "bad…" does not, "policy…" is refused, the others are accepted.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/socket.hpp"
#include "sim/mta_session.hpp"
#include "sim/world.hpp"

namespace sluice::sim {

struct MtaTraits {
    net::Endpoint endpoint;
    bool pipelining = true;
    bool esmtp = true;  // otherwise EHLO is not known
    bool xclient = true;
    bool xclient_for_all = true;  // otherwise only before the first identity
    bool xclient_helo = true;     // HELO and PROTO are among the attributes
    bool proxy = false;           // expects a PROXY header
    bool anonymous = false;       // is never told who its clients are
};

class Mta {
  public:
    /// `world` must outlive it.
    Mta(World& world, const MtaTraits& traits);

    /// Called when the product connects.
    std::shared_ptr<Link> connect();
    const MtaTraits& traits() const { return traits_; }

    /// relayed: the MTA said 250 to a question whether it relays for strangers, so connections with a number
    /// above this must not carry any client's mail. refused_to_relay: it has refused such a question since.
    void relayed(unsigned link) { relayed_at_ = link; }
    void refused_to_relay() { relayed_at_.reset(); }
    bool is_open_relay_to(unsigned link) const { return relayed_at_ && link > *relayed_at_; }

    void freeze(Micros duration);
    Micros frozen_until() const { return frozen_until_; }

  private:
    void notice_storm();
    void answer_connection(const std::shared_ptr<Link>& link);
    void restart_now_and_then();

    World& world_;
    MtaTraits traits_;
    Micros frozen_until_{0};
    Micros down_until_{0};
    std::optional<unsigned> relayed_at_;
    std::vector<std::unique_ptr<MtaSession>> sessions_;
};

}  // namespace sluice::sim
