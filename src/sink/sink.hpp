// The backend of `sluice sink`: mail goes into a Maildir.
//
// It takes the place of an MTA, and accepts XCLIENT from every client, so that Sluice can be tried and tested
// without an MTA. Nothing leaves this machine.
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

/// A message that has been stored in the Maildir.
struct Stored {
    const std::string& file;  // its name below new/
    const smtp::ClientIdentity& client;
    const smtp::Envelope& envelope;
    std::uint64_t octets;  // as received, in wire form
};

class Sink final : public smtp::WholeBackend {
  public:
    using OnStored = std::function<void(const Stored&)>;

    /// All references must outlive the sink; `stored` runs on the loop, before the client receives 250.
    Sink(net::Loop& loop, net::Offload& offload, Maildir& maildir, SinkOptions options, OnStored stored);
    ~Sink();

    /// Offers everything, including XCLIENT.
    smtp::Offer offer() const override;
    /// Answers at once: 250 2.1.5 or 550 5.1.1; 550 5.7.1 for the addresses in smtp/foreign_recipient.hpp.
    std::optional<smtp::Answer> verify(smtp::RecipientQuestion& question) override;
    /// Writes one file for all recipients. Answers 250 once it is on disk; 452 4.3.1 when the disk fails or
    /// is too far behind.
    void deliver(smtp::DeliveryQuestion& question) override;

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
