// The truth about every message, as both ends know it, and the rules that both sides must satisfy.
//
// Clients and MTAs of the simulator record what they said and heard; the product is judged by that alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/ip.hpp"
#include "policy/verdict.hpp"
#include "sim/agenda.hpp"

namespace sluice::sim {

struct ClientFacts {
    IpAddress address;
    std::string helo;
    policy::Lane lane = policy::Lane::fast;  // assigned by the configuration
    bool behind_balancer = false;            // the balancer sends a PROXY header first
};

/// A client's identity as an MTA was told it on a connection.
struct Introduced {
    bool told = false;
    IpAddress address;
    std::string helo;  // from the last EHLO or HELO
    std::string xclient_helo;
    std::string protocol;
    std::uint16_t port = 0;
};

/// One attempt to send a message. Each has a number of its own, which is in its content.
struct Attempt {
    unsigned client = 0;
    unsigned link = 0;
    std::uint16_t port = 0;
    bool esmtp = true;
    std::vector<std::pair<std::uint16_t, bool>> before = {};  // port and esmtp of each copy before this one
    bool forbidden = false;  // it has bare newlines that are refused: no MTA may ever see it
    std::string sender;
    std::vector<std::string> recipients;  // those that were promised 250, in order
    std::string content;                  // without stuffing
    int heard = 0;
    unsigned taken = 0;        // how many MTAs have accepted it
    bool answer_read = false;  // the product has read an MTA's 250
    Micros answered_at{0};     // when it last did so
};

/// A message as an MTA received it at the dot.
struct Taken {
    unsigned link = 0;
    Introduced identity;
    std::string_view sender;
    const std::vector<std::string>& recipients;
    std::string_view content;  // without stuffing
};

class Ledger {
  public:
    struct Violation {
        std::string what;
        unsigned link;
    };
    static constexpr std::size_t violations_max = 20;

    void violation(unsigned link, std::string what);
    const std::vector<Violation>& violations() const { return violations_; }

    unsigned add_client(ClientFacts facts);
    const ClientFacts& client(unsigned number) const { return clients_[number]; }

    // ---- clients
    /// Called before the content is made: returns the number that goes into it.
    std::size_t begin(Attempt attempt);
    /// The letter comes again, on another connection, because its client heard no answer.
    void begin_again(std::size_t number, unsigned link, std::uint16_t port, bool esmtp);
    Attempt& attempt(std::size_t number) { return attempts_[number]; }
    void client_named(unsigned client, std::string_view sender, std::string_view recipient);
    /// Notes the reply to RCPT. `verified`: the MTA is asked about each recipient.
    void client_heard_of(unsigned client, unsigned link, const std::string& recipient, int code,
                         bool verified);
    /// Notes the reply to the dot; `leaving`: the product is shutting down.
    void client_heard(std::size_t number, int code, bool leaving);

    // ---- MTAs
    void mta_hears(unsigned link, const Introduced& identity, std::string_view sender);
    void mta_hears_recipient(unsigned link, const Introduced& identity, std::string_view sender,
                             std::string_view recipient);
    /// Notes a reply to RCPT, or, with an empty recipient, to any other command. The identity or the sender
    /// shows which client it was for.
    void mta_said(const Introduced& identity, std::string_view sender, const std::string& recipient,
                  std::string_view reply);
    /// Returns the number of the attempt, for mta_answer_read().
    std::size_t mta_took(const Taken& taken, Micros now);
    void mta_answer_read(std::size_t attempt, Micros now);

    // ---- the log
    void logged(std::string_view line);

    std::uint64_t accepted() const { return accepted_; }  // messages for which clients heard 250
    /// Checks what can only be checked when everything is over.
    void close();

  private:
    static constexpr unsigned unknown_client = UINT32_MAX;
    struct Recipient {
        bool accepted = false;
        bool unknown = false;
    };

    unsigned speaks_for(const Introduced& identity, std::string_view sender) const;
    void check_identity(const Taken& taken, const Attempt& attempt);

    std::vector<Violation> violations_;
    std::vector<ClientFacts> clients_;
    std::vector<Attempt> attempts_;
    std::unordered_map<std::string, Recipient> recipients_;
    std::set<unsigned> refused_;  // clients to which an MTA said 5yz for a reason of its own
    std::set<std::string> named_;
    std::uint64_t answers_read_ = 0;
    std::uint64_t answered_again_ = 0;
    std::uint64_t accepted_ = 0;
    std::uint64_t logged_delivered_ = 0;
};

/// A client's name as Postfix keeps it for its log and headers: characters with a meaning there become '?'.
std::string as_shown(std::string_view helo);

/// The number of the client that a name like "c17.example.org" or "s17-3@sender.example" belongs to.
unsigned client_in(std::string_view name, char prefix);

}  // namespace sluice::sim
