// The backend of `sluice sink`: mail goes into a Maildir.
//
// It stands where an MTA would stand, and understands XCLIENT from anyone, so that Sluice can be tried, and
// tested, without one. Nothing leaves this machine.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "net/loop.hpp"
#include "net/offload.hpp"
#include "sink/maildir.hpp"
#include "sink/recipients.hpp"
#include "smtp/backend.hpp"

namespace sluice::sink {

struct SinkOptions {
    std::string hostname = "localhost";
    Recipients recipients;
};

/// A message that is in the Maildir now.
struct Stored {
    const std::string& file;  // its name below new/
    const smtp::ClientIdentity& client;
    const smtp::Envelope& envelope;
    std::uint64_t octets;  // as received, in wire form
};

class Sink final : public smtp::Backend {
  public:
    using OnStored = std::function<void(const Stored&)>;

    /// All references must outlive it; `stored` runs on the loop, before the client hears 250.
    Sink(net::Loop& loop, net::Offload& offload, Maildir& maildir, SinkOptions options, OnStored stored);
    ~Sink() override;

    /// Everything, and XCLIENT.
    smtp::Offer offer() const override;
    /// At once: 250 2.1.5 or 550 5.1.1; 550 5.7.1 for what smtp/foreign_recipient.hpp names.
    std::optional<smtp::Answer> verify(smtp::RecipientQuestion& question) override;
    /// One file for all recipients. 250 once it is on disk; 452 4.3.1 when the disk fails or is too far
    /// behind.
    void deliver(smtp::DeliveryQuestion& question) override;
    void withdraw(smtp::Question& question) override;

  private:
    struct Delivery;

    void finished(Delivery& delivery);

    net::Loop& loop_;
    net::Offload& offload_;
    Maildir& maildir_;
    SinkOptions options_;
    OnStored stored_;
};

}  // namespace sluice::sink
