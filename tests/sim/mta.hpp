// A mail server behind the product. It behaves like Postfix with XCLIENT allowed, until a fault strikes it.
//
// Which recipients it has is in their names: "bad…" does not exist, "policy…" is refused, the others are
// taken.
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
    bool esmtp = true;  // else EHLO is not known
    bool xclient = true;
    bool xclient_for_all = true;  // else only before the first identity
    bool xclient_helo = true;     // HELO and PROTO are among the attributes
    bool proxy = false;           // expects a PROXY header
    bool anonymous = false;       // is never told who its clients are
};

class Mta {
  public:
    /// `world` must outlive it.
    Mta(World& world, const MtaTraits& traits);

    /// The product connects.
    std::shared_ptr<Link> connect();
    const MtaTraits& traits() const { return traits_; }

    /// It said 250 to a question whether it relays for strangers, or has refused one since: connections with
    /// a number above are not to carry anybody's mail.
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
