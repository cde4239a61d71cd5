// A mail transaction of a session: what only exists between MAIL and its end.
#pragma once

#include <optional>

#include "front/record.hpp"
#include "front/session.hpp"
#include "net/spool.hpp"
#include "smtp/backend.hpp"

namespace sluice::front {

class RecipientAsked final : public smtp::RecipientQuestion {
  public:
    explicit RecipientAsked(Session& session) : session_(session) {}
    void answered(const smtp::Answer& answer) override { session_.recipient_answered(answer); }

  private:
    Session& session_;
};

class DeliveryAsked final : public smtp::DeliveryQuestion {
  public:
    explicit DeliveryAsked(Session& session) : session_(session) {}
    void answered(const smtp::Answer& answer) override { session_.delivery_answered(answer); }

  private:
    Session& session_;
};

struct Transaction {
    explicit Transaction(Session& session) : recipient(session), delivery(session) {}

    smtp::ClientIdentity identity;
    TransactionRecord record;
    std::optional<net::Spool> spool;  // from DATA or the first BDAT on
    // Last, so that they are withdrawn before what they point at goes.
    RecipientAsked recipient;
    DeliveryAsked delivery;
};

}  // namespace sluice::front
