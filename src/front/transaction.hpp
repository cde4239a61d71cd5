// A mail transaction of a session: what only exists between MAIL and its end.
//
// A slow session spends minutes in here with nothing under way, so what is under way is allocated only while
// it is.
#pragma once

#include <memory>
#include <optional>

#include "front/record.hpp"
#include "front/session.hpp"
#include "net/spool.hpp"
#include "smtp/backend.hpp"

namespace sluice::front {

/// Asks for one recipient, in the name of `identity`.
class RecipientAsked final : public smtp::RecipientQuestion {
  public:
    RecipientAsked(Session& session, smtp::ClientIdentity identity)
        : session_(session), identity_(std::move(identity)) {
        client = &identity_;
    }
    void answered(const smtp::Answer& answer) override { session_.recipient_answered(answer); }

  private:
    Session& session_;
    smtp::ClientIdentity identity_;
};

/// Hands over the message.
class DeliveryAsked final : public smtp::DeliveryQuestion {
  public:
    DeliveryAsked(Session& session, smtp::ClientIdentity identity)
        : session_(session), identity_(std::move(identity)) {
        client = &identity_;
    }
    void answered(const smtp::Answer& answer) override { session_.delivery_answered(answer); }

  private:
    Session& session_;
    smtp::ClientIdentity identity_;
};

/// Passes on a line of an AUTH exchange.
class AuthAsked final : public smtp::AuthQuestion {
  public:
    AuthAsked(Session& session, smtp::ClientIdentity identity)
        : session_(session), identity_(std::move(identity)) {
        client = &identity_;
    }
    void answered(const smtp::Answer& answer) override { session_.auth_answered(answer); }

  private:
    Session& session_;
    smtp::ClientIdentity identity_;
};

/// A session's own MTA connection, from its first AUTH on.
struct Authentication {
    std::unique_ptr<smtp::Login> login;
    std::unique_ptr<AuthAsked> asked;  // last: withdrawn before what it points at goes
};

struct Transaction {
    TransactionRecord record;
    std::unique_ptr<net::Spool> spool;      // from DATA or the first BDAT on
    std::unique_ptr<smtp::Question> asked;  // last: withdrawn before what it points at goes
};

}  // namespace sluice::front
