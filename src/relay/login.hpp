// An MTA connection of one client's own, for AUTH and what follows it.
//
// It never belongs to the pool: the rights of an authenticated client are no other client's. It speaks for
// its client as a pooled connection would (XCLIENT, PROXY), is opened by the first line of an AUTH exchange,
// and is closed when the session lets go of it. There is one question at a time.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "net/loop.hpp"
#include "relay/connection.hpp"
#include "relay/job.hpp"
#include "relay/options.hpp"
#include "relay/upstream.hpp"
#include "smtp/backend.hpp"

namespace sluice::relay {

class LoginConnection final : public smtp::Login,
                              public Connection::Owner,
                              SingleAnswerer<smtp::ClientQuestion> {
  public:
    /// `upstream` has been reached before. The destructor calls `closed`. All references must outlive it.
    LoginConnection(net::Loop& loop, const RelayOptions& options, Upstream& upstream,
                    smtp::ClientIdentity client, std::function<void()> closed);
    ~LoginConnection() override;

    void authenticate(smtp::AuthQuestion& question);
    void verify(smtp::RecipientQuestion& question);
    void deliver(smtp::DeliveryQuestion& question);
    /// See smtp::DeliveryBackend::passed_on.
    bool passed_on() const { return connection_ != nullptr && connection_->dot_sent(); }

  private:
    using Outcome = Connection::Outcome;
    enum class Asked : std::uint8_t { nothing, line, recipient, delivery };

    void progressed(Connection& connection, Outcome outcome) override;
    void idle_expired(Connection& connection) override;
    void question_withdrawn() override;
    void ask(smtp::ClientQuestion& asked, Asked kind);
    void start();
    void introduce();
    void send_content();
    void pass_on_reply();
    void fail(const smtp::Reply& reply);
    void fail(const Failure& failure);
    void learn_recipients();
    bool greeted_badly() const;
    void close();

    net::Loop& loop_;
    const RelayOptions& options_;
    Upstream& upstream_;
    smtp::ClientIdentity client_;
    std::function<void()> closed_;
    std::unique_ptr<Connection> connection_;  // null before the first question, and once it is lost
    Asked asked_ = Asked::nothing;
    Carry carry_ = Carry::nothing;
    bool opened_before_ = false;
    std::string last_words_;  // the MTA's, when the connection was lost; for the log
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace sluice::relay
