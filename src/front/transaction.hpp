// A mail transaction of a session: the state that exists only between MAIL and its end.
//
// A slow session spends minutes in a transaction without an open question, so a question is allocated only
// while it is pending.
#pragma once

#include <memory>
#include <optional>

#include "front/letter_print.hpp"
#include "front/record.hpp"
#include "front/session.hpp"
#include "smtp/backend.hpp"
#include "spool/spool.hpp"

namespace sluice::front {

/// A question of a session in the name of `identity`; its answer goes to the member function `hear`.
template <class Question, void (Session::*hear)(const smtp::Answer&)>
class Asked final : public Question {
  public:
    Asked(Session& session, smtp::ClientIdentity identity)
        : session_(session), identity_(std::move(identity)) {
        this->client = &identity_;
    }
    void answered(const smtp::Answer& answer) override { (session_.*hear)(answer); }

  private:
    Session& session_;
    smtp::ClientIdentity identity_;
};

/// The question about one recipient.
using RecipientAsked = Asked<smtp::RecipientQuestion, &Session::recipient_answered>;
/// The delivery of the message.
using DeliveryAsked = Asked<smtp::DeliveryQuestion, &Session::delivery_answered>;
/// A line of an AUTH exchange.
using AuthAsked = Asked<smtp::AuthQuestion, &Session::auth_answered>;

/// A session's own MTA connection, from its first AUTH on.
struct Authentication {
    std::unique_ptr<smtp::Login> login;
    std::unique_ptr<AuthAsked> asked;  // last, so that it is withdrawn before what it refers to
};

/// A message that has been answered 250, while it is not known whether the client has heard that.
struct ToldLetter {
    std::string name;
    smtp::Reply reply;
    bool queued = false;  // the 250 has been queued
};

struct Transaction {
    enum class Greylist : std::uint8_t { unknown, passed, waits };

    TransactionRecord record;
    Greylist greylist = Greylist::unknown;
    Instant asked_at{};  // when the MTA was asked about a recipient
    LetterPrint print;
    std::string under_way;                  // the letter's name, when its client is gone while the MTA has it
    std::unique_ptr<spool::Spool> spool;    // exists from DATA or the first BDAT on
    std::unique_ptr<smtp::Question> asked;  // last, so that it is withdrawn before what it refers to
};

}  // namespace sluice::front
