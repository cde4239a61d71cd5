// A mail transaction of a session: what only exists between MAIL and its end.
//
// A slow session spends minutes in here with nothing under way, so what is under way is allocated only while
// it is.
#pragma once

#include <memory>
#include <optional>

#include "front/letter_print.hpp"
#include "front/record.hpp"
#include "front/session.hpp"
#include "smtp/backend.hpp"
#include "spool/spool.hpp"

namespace sluice::front {

/// A question of a session, in the name of `identity`; the answer goes to this member of the session.
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

/// Asks for one recipient.
using RecipientAsked = Asked<smtp::RecipientQuestion, &Session::recipient_answered>;
/// Hands over the message.
using DeliveryAsked = Asked<smtp::DeliveryQuestion, &Session::delivery_answered>;
/// Passes on a line of an AUTH exchange.
using AuthAsked = Asked<smtp::AuthQuestion, &Session::auth_answered>;

/// A session's own MTA connection, from its first AUTH on.
struct Authentication {
    std::unique_ptr<smtp::Login> login;
    std::unique_ptr<AuthAsked> asked;  // last: withdrawn before what it points at goes
};

/// A letter whose 250 has been said: whether it has been heard will be seen.
struct ToldLetter {
    std::string name;
    smtp::Reply reply;
    bool queued = false;  // the reply
};

struct Transaction {
    enum class Greylist : std::uint8_t { unknown, passed, waits };

    TransactionRecord record;
    Greylist greylist = Greylist::unknown;
    Instant asked_at{};  // the MTA, about a recipient
    LetterPrint print;
    std::string under_way;                  // the letter's name: its client has gone, and the MTA has it
    std::unique_ptr<spool::Spool> spool;    // from DATA or the first BDAT on
    std::unique_ptr<smtp::Question> asked;  // last: withdrawn before what it points at goes
};

}  // namespace sluice::front
