// The interface between the side that faces clients and the backend behind it.
//
// front/ asks through it; relay/ answers from real MTAs, and the sink of `sluice sink` from a Maildir. It is
// declared here, below both, because the two never include each other. It does no I/O itself.
//
// A question (base/question.hpp) lives inside the session that asks it. Destroying it withdraws it: the
// backend forgets it and never calls back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/question.hpp"
#include "smtp/envelope.hpp"
#include "smtp/extensions.hpp"
#include "smtp/reply.hpp"

namespace sluice::smtp {

/// A received message, in wire form: lines end in CRLF, leading dots are stuffed (RFC 5321 4.5.2), the final
/// CRLF is there, the terminating dot is not. The octets are those of `memory`, then those of `chunks`, then
/// `file_octets` octets of file `fd` from its start.
struct MessageView {
    std::string_view memory;
    std::span<const std::string_view> chunks = {};
    int fd = -1;
    std::uint64_t file_octets = 0;

    std::uint64_t memory_octets() const {
        std::uint64_t octets = memory.size();
        for (const std::string_view chunk : chunks)
            octets += chunk.size();
        return octets;
    }
    std::uint64_t octets() const { return memory_octets() + file_octets; }
};

/// The answer of the backend.
struct Answer {
    Reply reply;
    std::string mta;      // the MTA, "127.0.0.1:10025"; empty = none was asked (cache, list, no MTA up)
    std::string_view by;  // the source: "mta", "cache", "list", "off", "none"; static storage
    bool unknown_recipient =
        false;  // a refusal that says "no such user", and nothing about the client or the sender
    bool for_session =
        false;  // about the client itself: the same for every question it asks under this identity
    std::string mta_reply = {};  // for the log: the MTA's own reply, if `reply` differs
};

/// A client's own MTA connection, which carries its AUTH and everything after it. The client owns it;
/// destroying it closes the connection, and no question may be pending on it.
class Login {
  public:
    virtual ~Login() = default;
};

using Question = sluice::Question<const Answer&>;
using Answerer = sluice::Answerer<const Answer&>;

/// A question in the name of a client. Everything it points to must outlive it.
class ClientQuestion : public Question {
  public:
    const ClientIdentity* client = nullptr;
    const Envelope* envelope = nullptr;
    Login* login = nullptr;  // the connection to use; null = any
    bool fast_lane = true;  // known-good clients are served before the others when MTA connections are scarce
    bool operators_own = false;  // the operator has named the client: its answers are not shared with others
};

/// "Would you take mail from this sender for this recipient?"
class RecipientQuestion : public ClientQuestion {
  public:
    const Recipient* recipient = nullptr;  // not part of envelope->recipients
};

/// "Take this message for envelope->recipients." Answered with the reply to the final dot.
class DeliveryQuestion : public ClientQuestion {
  public:
    MessageView message;
};

/// "What does the MTA say to this line of an AUTH exchange?" Needs a login. Answered 334 when the exchange
/// goes on, 235 when the client is authenticated.
class AuthQuestion : public ClientQuestion {
  public:
    std::string line;  // "AUTH PLAIN …", or a response; without CRLF
};

/// The part of a backend that knows recipients.
class RecipientBackend {
  public:
    /// The most recipients in one transaction of this client, as far as is known now; at least 1.
    virtual std::size_t recipients_max(const IpAddress& /*client*/) const { return SIZE_MAX; }

    /// Answers at once when it can (cache, list); otherwise returns nullopt, and the question is answered
    /// later.
    virtual std::optional<Answer> verify(RecipientQuestion& question) = 0;

  protected:
    ~RecipientBackend() = default;
};

/// The part of a backend that takes messages.
class DeliveryBackend {
  public:
    /// Starts a delivery. If the question is withdrawn before the final dot has been passed on, nothing is
    /// delivered; after it, the backend waits for the MTA's answer and drops it. The message must stay
    /// readable until the answer or the withdrawal.
    virtual void deliver(DeliveryQuestion& question) = 0;

    /// Whether the final dot of a pending delivery has been passed on. Until then, withdrawing the question
    /// takes everything back. A backend that does not know says that it has been.
    virtual bool passed_on(const DeliveryQuestion& /*question*/) const { return true; }

  protected:
    ~DeliveryBackend() = default;
};

/// The part of a backend that passes AUTH on. As it stands, it passes nothing on.
class LoginBackend {
  public:
    /// The SASL mechanisms for which AUTH can be passed on now, "PLAIN LOGIN"; empty = there are none.
    virtual std::string_view auth_mechanisms() const { return {}; }
    /// Opens an MTA connection of the client's own; null: no more of them are possible now.
    virtual std::unique_ptr<Login> open_login(const ClientIdentity& /*client*/) { return nullptr; }
    virtual void authenticate(AuthQuestion& /*question*/) {}

  protected:
    ~LoginBackend() = default;
};

/// The part of a backend that says what the MTA offers.
class ExtensionBackend {
  public:
    /// The extensions that the backend can carry now, or last could; changes over time.
    virtual Offer offer() const = 0;

  protected:
    ~ExtensionBackend() = default;
};

/// The backend as the side that faces clients sees it: in parts, so that what stands before one of them, such
/// as a filter before the deliveries, has nothing to do with the others.
struct Backend {
    RecipientBackend& recipients;
    DeliveryBackend& deliveries;
    LoginBackend& logins;
    ExtensionBackend& extensions;
};

/// A backend that is all parts in one object.
class WholeBackend : public RecipientBackend,
                     public DeliveryBackend,
                     public LoginBackend,
                     public ExtensionBackend {
  public:
    Backend parts() { return {*this, *this, *this, *this}; }

  protected:
    ~WholeBackend() = default;
};

}  // namespace sluice::smtp
