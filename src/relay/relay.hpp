// The MTA side of one worker: the backend whose answers come from real MTAs.
//
// Client sessions hold no MTA connection; a question or a finished message borrows one from the pool and
// gives it back.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "relay/options.hpp"
#include "smtp/backend.hpp"

namespace sluice::net {
class Loop;
class Offload;
class Resolver;
}  // namespace sluice::net

namespace sluice::store {
class State;
}  // namespace sluice::store

namespace sluice::relay {

/// An event that the operator should be told of; `what` is an event name ("mta_down", "mta_up",
/// "mta_tls_failed", "mta_greeting_late", "mta_relays_for_strangers", "mta_relay_check_unanswered",
/// "identity_none", "identity_not_carried", "identity_refused", "recipient_limit_learned", "list_reloaded",
/// "list_unreadable"), `who` the MTA or file, `why` a sentence.
using Notice = std::function<void(std::string_view what, std::string_view who, std::string_view why)>;

class Relay final : public smtp::WholeBackend {
  public:
    /// Starts connecting to learn what the MTA offers. `offload` reads the list file; `validating` asks for
    /// TLSA records and may be null where no MTA is verified by them. `memory` shares what MTAs say of
    /// recipients; null = it is not shared. All references must outlive the relay. Throws std::runtime_error
    /// when the CA file of an MTA cannot be read.
    Relay(net::Loop& loop, net::Offload& offload, net::Resolver* validating, store::State* memory,
          const RelayOptions& options, Notice notice);
    ~Relay();

    std::size_t recipients_max(const IpAddress& client) const override;
    std::optional<smtp::Answer> verify(smtp::RecipientQuestion& question) override;

    void deliver(smtp::DeliveryQuestion& question) override;
    bool passed_on(const smtp::DeliveryQuestion& question) const override;

    std::string_view auth_mechanisms() const override;
    std::unique_ptr<smtp::Login> open_login(const smtp::ClientIdentity& client) override;
    void authenticate(smtp::AuthQuestion& question) override;

    smtp::Offer offer() const override;

    struct Counts {
        unsigned connections = 0;
        unsigned idle = 0;
        std::size_t waiting = 0;
        std::size_t cached = 0;
    };
    Counts counts() const;

    /// Says QUIT on idle connections and takes no new questions (451 4.3.2); those in progress continue.
    void drain();

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::relay
