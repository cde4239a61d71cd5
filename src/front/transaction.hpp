// A mail transaction of a session: the state that exists only between MAIL and its end.
//
// A slow session spends minutes in a transaction without an open question, so a question is allocated only
// while it is pending.
#pragma once

#include <memory>
#include <optional>

#include "front/letter_print.hpp"
#include "front/letter_recall.hpp"
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

/// An MTA's refusal of the client itself, which therefore holds for every other question about this client.
struct Refusal {
    smtp::Answer answer;
    Instant until;
};

/// The parts that only some sessions have.
struct Aside {
    net::Endpoint destination;                       // from a PROXY header; port 0 = the socket's own address
    std::unique_ptr<Authentication> authentication;  // null = no AUTH yet, or it has failed
    std::unique_ptr<ToldLetter> told;                // null = none, or its 250 was heard
    std::unique_ptr<Refusal> refusal;
    std::string farewell;  // wire form of the reply that closed the session, if that was not 221
};

struct Transaction {
    TransactionRecord record;
    Instant asked_at{};  // when the MTA was asked about a recipient
    LetterPrint print;
    std::string under_way;                  // the letter's name, when its client is gone while the MTA has it
    std::unique_ptr<spool::Spool> spool;    // exists from DATA or the first BDAT on
    std::unique_ptr<LetterRecall> recall;   // whether the letter has been delivered before
    std::unique_ptr<smtp::Question> asked;  // last, so that it is withdrawn before what it refers to
};

}  // namespace sluice::front
