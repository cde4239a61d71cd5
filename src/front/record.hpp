// The facts about a session and its transactions for the log: one line each.
//
// Plain values that the session fills in as it goes; rendering is pure. The record is small, because every
// held session has one.
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
#include "judge/stage.hpp"
#include "net/socket.hpp"
#include "net/tls.hpp"
#include "policy/place.hpp"
#include "policy/verdict.hpp"
#include "smtp/backend.hpp"

namespace sluice::front {

/// How far a session has come.
using judge::Stage;
using judge::stages;

/// How a session ended.
enum class Outcome : std::uint8_t {
    quit,        // the client said QUIT
    left,        // the client closed without QUIT, or reset the connection
    timed_out,   // 421 4.4.2
    refused,     // we closed it: 421 or 554, too many errors, not an SMTP client
    shutdown,    // 421 4.3.2
    tls_failed,  // the TLS handshake after STARTTLS failed
    greylisted,  // the client was asked to come again, and has quit or left
};
std::string_view name_of(Outcome outcome);

struct SessionRecord {
    static constexpr std::uint32_t not_reached = UINT32_MAX;

    SessionRecord() { reached_ms.fill(not_reached); }

    /// Notes that the session has reached `stage`; only the first time counts.
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
    std::uint8_t auth_attempts = 0;     // AUTH commands passed on, counted up to 255
    Stage stage = Stage::connect;
    Outcome outcome : 4 = Outcome::left;
    bool greylisted : 1 = false;           // the client was asked to come again
    bool would_be_greylisted : 1 = false;  // it would have been, for a mail of its, if that were enforced
    bool excused : 1 = false;              // it heard a 4yz, or a cached 250: that it leaves proves nothing
    bool unheard : 1 = false;              // the 250 to its last message did not reach it
};

/// The identifier of a session in the log, which the lines of its transactions repeat: "instance.number".
struct SessionName {
    std::string_view instance;  // of the worker, unique among workers and restarts
    std::uint64_t number;
};

/// The facts that the log lines of a session describe.
struct SessionFacts {
    SessionName session;
    const net::Endpoint& client;
    std::string_view name;  // forward-confirmed PTR name
    std::string_view helo;
    policy::Lane lane;
    std::optional<policy::Lane> would_be = {};  // policy.mode = "observe": the verdict, which is not enforced
    int score;
    const std::vector<policy::Signal>& signals;
    Millis lasted;
    Millis held;  // the part of `lasted` that the pace held it back
    std::optional<net::TlsFacts> tls = {};
    std::string_view bot = {};  // the bot that leaves in this way (policy.bots)
    Outcome outcome = Outcome::left;
    std::string_view farewell = {};  // the reply that closed it: "421 4.4.2 Timeout exceeded"
    bool unheard = false;            // the 250 to its last message, delivered, did not reach the client
    policy::Place place = {};        // for the session's line only
};

struct TransactionRecord {
    /// The most refused recipients that the log names; the others are only counted.
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
    bool untold = false;               // delivered, but the client was gone before the 250
    bool would_be_greylisted = false;  // the client would have been asked to come again with this mail
    std::uint32_t recipients_refused = 0;
};

/// The end of a transaction: the MTA's last reply, or the reason why there was none.
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
