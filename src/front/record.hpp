// What a session and its transactions were, for the log: one line each.
//
// Plain values that the session fills in as it goes; rendering is pure. Kept small, because every held
// session has one.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log_line.hpp"
#include "base/time.hpp"
#include "net/socket.hpp"
#include "net/tls.hpp"
#include "policy/place.hpp"
#include "policy/verdict.hpp"
#include "smtp/backend.hpp"

namespace sluice::front {

/// How far a session has come, in order.
enum class Stage : std::uint8_t { connect, greeting, helo, mail, rcpt, data, message };
inline constexpr std::size_t stages = 7;
std::string_view name_of(Stage stage);

/// How a session ended.
enum class Outcome : std::uint8_t {
    quit,        // the client said QUIT
    left,        // the client closed without QUIT, or reset the connection
    timed_out,   // 421 4.4.2
    refused,     // we closed it: 421 or 554, too many errors, not an SMTP client
    shutdown,    // 421 4.3.2
    tls_failed,  // STARTTLS, and no handshake came of it
    greylisted,  // the client quit or left, because it was asked to come again
};
std::string_view name_of(Outcome outcome);

struct SessionRecord {
    static constexpr std::uint32_t not_reached = UINT32_MAX;

    SessionRecord() { reached_ms.fill(not_reached); }

    /// Notes that the session has come to `stage`; only the first time counts.
    void reach(Stage reached, Millis since_connect);

    std::uint64_t octets_in = 0;
    std::uint64_t octets_out = 0;
    std::array<std::uint32_t, stages - 1>
        reached_ms;  // greeting … message, since the connection; not_reached
    std::uint32_t transactions = 0;
    std::uint32_t recipients_accepted = 0;
    std::uint32_t recipients_refused = 0;
    std::uint32_t messages_accepted = 0;
    std::uint16_t unknown_recipients = 0;
    std::uint8_t messages_refused = 0;  // for good
    std::uint8_t traps = 0;
    std::uint8_t auth_attempts = 0;  // AUTH that was passed on; no more than 255 are told apart
    std::uint8_t block_level = 0;    // of its last short-term block; 0 = none is remembered
    Stage stage = Stage::connect;
    Outcome outcome : 4 = Outcome::left;
    bool greylisted : 1 = false;           // it was asked to come again
    bool would_be_greylisted : 1 = false;  // it would have been, were this not only observed
};

/// What names a session in the log, the same in the lines of its transactions: "instance.number".
struct SessionName {
    std::string_view instance;  // of the worker, unique among workers and restarts
    std::uint64_t number;
};

/// A session as its log lines describe it.
struct SessionFacts {
    SessionName session;
    const net::Endpoint& client;
    std::string_view name;  // forward-confirmed PTR name
    std::string_view helo;
    policy::Lane lane;
    std::optional<policy::Lane> would_be = {};  // policy.mode = "observe": the verdict, which is not enforced
    bool would_be_greylisted = false;           // and whether it would have been asked to come again
    int score;
    const std::vector<policy::Signal>& signals;
    Millis lasted;
    Millis held;  // of it, by the pace
    std::optional<net::TlsFacts> tls = {};
    std::string_view bot = {};  // whose way to leave this was (policy.bots)
    Outcome outcome = Outcome::left;
    std::string_view farewell = {};  // "421 4.4.2 Timeout exceeded": what we closed it with
    bool unheard = false;      // its last message was delivered, and what it was told had not reached it
    policy::Place place = {};  // told of a session, and not again of its transactions
};

struct TransactionRecord {
    /// Refused recipients that are named in the log; the others are only counted.
    static constexpr std::size_t refused_named_max = 20;

    struct Refused {
        std::string address;
        int code;
        std::string_view by;
        std::string mta_reply = {};  // see smtp::Answer
        std::string reply = {};      // what the client was told, without the code
    };

    Instant began{};
    Instant content_began{};  // zero = never
    Instant content_ended{};
    std::vector<Refused> refused;
    bool untold = false;  // delivered, and the client had gone before it could hear so
    std::uint32_t recipients_refused = 0;
};

/// How a transaction ended: the MTA's last word, or why there was none.
struct TransactionEnd {
    std::string_view
        outcome;  // "delivered", "deferred", "refused", or why it was abandoned: "rset", "left", "too_big" …
    const smtp::Answer* answer = nullptr;
    std::uint64_t octets = 0;
    Instant now{};
};

using WallTime = std::chrono::system_clock::time_point;

void append_session_line(LogFormat format, std::string& out, WallTime time, const SessionFacts& facts,
                         const SessionRecord& record);
void append_transaction_line(LogFormat format, std::string& out, WallTime time, const SessionFacts& facts,
                             const smtp::Envelope& envelope, const TransactionRecord& record,
                             const TransactionEnd& end);

}  // namespace sluice::front
