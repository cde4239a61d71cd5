// Messages on their way to an MTA.
#pragma once

#include <list>

#include "relay/options.hpp"
#include "relay/pool.hpp"
#include "relay/verifier.hpp"
#include "smtp/backend.hpp"

namespace sluice::relay {

/// The deliveries of a worker, waiting or in progress.
class Deliveries {
  public:
    /// All references must outlive it.
    Deliveries(Pool& pool, Verifier& verifier, const RelayOptions& options);
    ~Deliveries();

    /// See smtp::DeliveryBackend::deliver.
    ///
    /// The message goes to all of its recipients or to none. If the MTA refuses a recipient that the client
    /// was promised, the others do not get the message either: the client receives 451, and at its next
    /// attempt that recipient is refused at RCPT. Only when every recipient is refused permanently does the
    /// client receive the MTA's own 5yz.
    void deliver(smtp::DeliveryQuestion& question);
    /// See smtp::DeliveryBackend::passed_on.
    static bool passed_on(const smtp::DeliveryQuestion& question);

  private:
    class Delivery;

    Pool& pool_;
    Verifier& verifier_;
    const RelayOptions& options_;
    std::list<Delivery> deliveries_;
};

}  // namespace sluice::relay
