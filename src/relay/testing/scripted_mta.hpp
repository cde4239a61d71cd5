// An MTA for the tests of this folder: a real listening socket on the loop under test. It behaves like
// Postfix with XCLIENT allowed for every client, and accepts any password, until a script tells it to
// misbehave.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/loop.hpp"
#include "net/socket.hpp"
#include "net/testing/test_port.hpp"
#include "net/tls.hpp"

namespace sluice::relay {

class ScriptedMta final : public net::IoHandler {
  public:
    /// The command that the MTA is about to answer.
    struct Moment {
        unsigned connection = 0;  // counted from 1 in the order of acceptance
        std::string verb;  // "connect", "EHLO", "HELO", "STARTTLS", "handshake" (what is said instead of it
                           // is said in the clear), "XCLIENT", "AUTH", "response" (the lines after AUTH),
                           // "MAIL", "RCPT", "DATA", "content" (its first octets), "dot", "RSET", "QUIT"
        std::string line;
    };

    /// A script's answer, in place of the usual one: a reply without CRLF (one with 421 ends the connection),
    /// or one of these.
    static constexpr std::string_view die = "<die>";    // reset
    static constexpr std::string_view hang = "<hang>";  // never another word
    using Script = std::function<std::optional<std::string>(const Moment&)>;

    struct Delivered {
        unsigned connection = 0;
        std::string address;  // XCLIENT ADDR in force; empty = the peer's own
        std::string helo;     // from the last EHLO or HELO
        std::string sender;
        std::vector<std::string> recipients;
        std::string content;  // as received, without the dot
        bool encrypted = false;
        bool authenticated = false;
    };

    ScriptedMta(net::Loop& loop, const net::Endpoint& endpoint);
    explicit ScriptedMta(net::Loop& loop)
        : ScriptedMta(loop, {.address = IpAddress::v4({127, 0, 0, 1}), .port = net::test_port()}) {}
    ~ScriptedMta() override;

    net::Endpoint endpoint() const { return endpoint_; }
    /// Closes every open connection, without a reset.
    void hang_up();
    /// Closes the open connections and the listening socket.
    void go_down();
    /// Listens again on the same port.
    void come_up();

    Script script;
    std::string ehlo =
        "250-mx.internal.example\r\n250-PIPELINING\r\n250-SIZE 1000000\r\n"
        "250-XCLIENT NAME ADDR PORT PROTO HELO LOGIN\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n"
        "250 DSN\r\n";
    const net::TlsServerContext* tls = nullptr;  // offers STARTTLS, and AUTH only behind it
    std::string auth;                            // the mechanisms offered: "PLAIN LOGIN"
    bool xclient_for_all = true;                 // otherwise only before the first identity
    bool proxy = false;                          // expects a PROXY header
    /// If false, Sluice's proofs (relay_proof.hpp) are refused as by an MTA that relays for nobody, and
    /// neither the script nor `seen` records them. Then only one more connection shows that a proof was made,
    /// where the MTA does not take XCLIENT twice or expects a PROXY header. Tests of the proofs set it to
    /// true.
    bool hears_proofs = false;

    unsigned accepted = 0;
    unsigned open() const;
    std::vector<Delivered> delivered;
    std::vector<std::string> seen;                     // "1 MAIL FROM:<…>": connection and line, in order
    std::vector<std::string> violations;               // breaches of the rules that a client must keep
    std::size_t count(std::string_view needle) const;  // lines seen that contain it

  private:
    class Session;
    void on_io(std::uint32_t) override;

    void listen(const net::Endpoint& endpoint);

    net::Loop& loop_;
    net::Fd listener_;
    net::Endpoint endpoint_;
    std::vector<std::unique_ptr<Session>> sessions_;
};

}  // namespace sluice::relay
