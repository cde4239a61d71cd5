// The port between the side that faces clients and whatever stands behind it.
//
// front/ asks through it; relay/ answers from real MTAs, and the sink of `sluice sink` from a Maildir. It is
// declared here, below both, because the two never include each other. It does no I/O itself.
//
// A question lives inside the session that asks it. Destroying it withdraws it: the backend forgets it and
// never calls back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

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

/// What stands behind said.
struct Answer {
    Reply reply;
    std::string mta;      // who said it, "127.0.0.1:10025"; empty = nobody was asked (cache, list, no MTA up)
    std::string_view by;  // how we know: "mta", "cache", "list", "off", "none"; static storage
    bool unknown_recipient =
        false;  // a refusal that says "no such user", and nothing about the client or the sender
    bool for_session =
        false;  // it is about who the client is: asked again for it as it is now, it will be the same
    std::string mta_reply = {};  // for the log: what the MTA said, where the reply is not its own
};

class Backend;

/// An MTA connection of one client's own, over which its AUTH is passed on, and all that it does from then
/// on. The client owns it; destroying it closes the connection, and no question may be pending on it.
class Login {
  public:
    virtual ~Login() = default;
};

/// Something asked of a backend and not yet answered. Not copyable, not movable: the backend holds its
/// address.
class Question {
  public:
    Question() = default;
    Question(const Question&) = delete;
    Question& operator=(const Question&) = delete;
    virtual ~Question();

    /// The answer, exactly once, from the event loop and never from inside Backend::verify or deliver. The
    /// callee may destroy the question.
    virtual void answered(const Answer& answer) = 0;

    /// For the backend: its own record of the question; null when it is not pending. The backend clears it
    /// before answered(); the destructor calls Backend::withdraw when it is set.
    void* pending = nullptr;
    Backend* backend = nullptr;

    /// What is asked. All of it must outlive the question.
    const ClientIdentity* client = nullptr;
    const Envelope* envelope = nullptr;
    Login* login = nullptr;  // the connection to use; null = any
    bool fast_lane = true;  // known-good clients are served before the others when MTA connections are scarce
    bool operators_own = false;  // the operator has named the client: what it is told is no other's business
};

/// "Would you take mail from this sender for this recipient?"
class RecipientQuestion : public Question {
  public:
    const Recipient* recipient = nullptr;  // not part of envelope->recipients
};

/// "Take this message for envelope->recipients." Answered with the reply to the final dot.
class DeliveryQuestion : public Question {
  public:
    MessageView message;
};

/// "What does the MTA say to this line of an AUTH exchange?" Needs a login. Answered 334 when the exchange
/// goes on, 235 when the client is authenticated.
class AuthQuestion : public Question {
  public:
    std::string line;  // "AUTH PLAIN …", or a response; without CRLF
};

class Backend {
  public:
    virtual ~Backend() = default;

    /// The SASL mechanisms with which AUTH can be passed on now, "PLAIN LOGIN"; empty = it cannot.
    virtual std::string_view auth_mechanisms() const { return {}; }
    /// Null: there can be no more of them now.
    virtual std::unique_ptr<Login> open_login(const ClientIdentity& /*client*/) { return nullptr; }
    virtual void authenticate(AuthQuestion& /*question*/) {}

    /// What it can carry now, or last could; changes over time.
    virtual Offer offer() const = 0;

    /// Recipients it can take in one transaction of this client, as far as is known now; at least 1.
    virtual std::size_t recipients_max(const IpAddress& /*client*/) const { return SIZE_MAX; }

    /// Answers at once when it can (cache, list); otherwise nullopt, and question.answered() comes later.
    virtual std::optional<Answer> verify(RecipientQuestion& question) = 0;

    /// Starts a delivery. If the question is withdrawn before the final dot has been passed on, nothing is
    /// delivered; after it, the MTA's answer is awaited and dropped. The message must stay readable until
    /// answered() or withdrawal.
    virtual void deliver(DeliveryQuestion& question) = 0;

    /// Has the final dot of a delivery that is pending been passed on? Until then withdrawing the question
    /// takes everything back; who does not know says that it has been.
    virtual bool passed_on(const DeliveryQuestion& /*question*/) const { return true; }

    /// Called by ~Question() only.
    virtual void withdraw(Question& question) = 0;
};

inline Question::~Question() {
    if (pending != nullptr) backend->withdraw(*this);
}

}  // namespace sluice::smtp
