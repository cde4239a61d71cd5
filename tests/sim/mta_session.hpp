// One connection of the product to an MTA: the server side of SMTP, and a witness of what is said in which
// client's name.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/ledger.hpp"
#include "sim/link.hpp"
#include "sim/world.hpp"
#include "smtp/envelope.hpp"

namespace sluice::sim {

class Mta;

class MtaSession final : private Peer {
  public:
    MtaSession(World& world, Mta& mta, std::shared_ptr<Link> link);

    void die(bool by_reset);

  private:
    void on_octets(std::string_view octets) override;
    void on_end() override;
    void on_reset() override { gone_ = true; }
    void go_on();
    bool step();
    bool read_proxy_header();
    bool read_content();

    void obey(const std::string& line);
    void do_hello(std::string_view name, bool esmtp);
    void do_xclient(std::string_view attributes);
    void refuse_identity();
    void do_mail(std::string_view argument);
    void do_rcpt(std::string_view argument);
    void do_data();
    void do_dot();
    void do_reset();
    void do_proof(const std::string& recipient);
    bool of_nobody() const;
    void do_somebodys_mail();
    std::string verdict_on(const std::string& recipient);
    std::string ehlo_reply() const;

    void answer(std::string reply);
    bool misbehave(std::string& reply);
    void say(const std::string& reply, std::function<void()> when_read = {});
    void say_and_close(const std::string& reply);
    void blame(std::string what);

    World& world_;
    Mta& mta_;
    Dice dice_;
    std::shared_ptr<Link> link_;
    std::string input_;
    std::string content_;
    smtp::ClientIdentity told_;  // by XCLIENT
    Introduced identity_;
    std::string sender_;
    std::vector<std::string> recipients_;
    Micros last_reply_{0};
    unsigned replies_owed_ = 0;
    bool gone_ = false;
    bool hung_ = false;
    bool closing_ = false;
    bool proxy_awaited_;
    bool pipelining_told_ = false;
    bool xclient_told_ = false;
    bool alone_ = false;  // the command must be answered before anything may follow
    bool in_mail_ = false;
    bool refused_at_dot_ = false;  // true: and the transaction is still open
    bool in_content_ = false;
    bool answered_early_ = false;
    bool as_stranger_ = false;  // introduced as the stranger of a proof (relay/relay_proof.hpp)
    bool xclient_hidden_ = false;
    bool proof_relayed_ = false;  // 250 has been said in this transaction
    bool poisoned_ = false;       // it refused an identity: the connection must not be used any more
};

}  // namespace sluice::sim
