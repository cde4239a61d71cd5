// The client side of one worker: accepts clients, judges them, and carries each session through the SMTP
// state machine at the pace of its lane.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "base/log_line.hpp"
#include "base/metrics.hpp"
#include "front/held_sessions.hpp"
#include "front/options.hpp"
#include "net/fd.hpp"
#include "policy/act.hpp"
#include "policy/place.hpp"
#include "smtp/backend.hpp"

namespace sluice::net {
class Loop;
class LogWriter;
class Offload;
class Resolver;
class TlsServerContext;
}  // namespace sluice::net

namespace sluice::store {
class State;
}

namespace sluice::front {

/// What the client side works with; all of it outlives Front. `resolver` may be null when nothing is to be
/// looked up.
struct Surroundings {
    net::Loop& loop;
    net::Offload& offload;
    net::Resolver* resolver;
    smtp::Backend& backend;
    const net::TlsServerContext* tls;  // null = STARTTLS is not offered
    net::LogWriter& log;
    LogFormat log_format;
    /// Of the moments at which holds end (PaceOptions::phase): workers with different ones do not wake
    /// together.
    Millis pace_phase{0};
    /// What the operator should hear: an event, and a sentence.
    std::function<void(std::string_view event, std::string_view why)> tell = [](std::string_view,
                                                                                std::string_view) {};
    store::State* state = nullptr;  // the memory that all share; null = there is none
    /// What the operator has said of a client on the running Sluice; null = nothing. For this turn.
    std::function<const policy::Act*(const IpAddress& client)> act_on =
        [](const IpAddress&) -> const policy::Act* { return nullptr; };
    /// Whose network a client is in, and where, as far as that is known.
    std::function<policy::Place(const IpAddress& client)> place_of = [](const IpAddress&) {
        return policy::Place{};
    };
    Metrics& metrics = unread_metrics();
};

/// What a connection begins with.
enum class Wrapping : std::uint8_t {
    none,  // the greeting; TLS after STARTTLS
    tls,   // TLS (implicit TLS, RFC 8314 3; Postfix's smtpd_tls_wrappermode)
};

class Front {
  public:
    Front(const Surroundings& surroundings, const FrontOptions& options);
    ~Front();

    /// Serves a listening socket, which stays the caller's. Wrapping::tls needs Surroundings::tls.
    void serve(int listener, Wrapping wrapping = Wrapping::none);

    /// Accepts who waits at a listening socket now, and no more: before it is closed. Where they came for TLS
    /// and there is none any more, their connections are closed without a word.
    void take_queue(int listener, Wrapping wrapping = Wrapping::none);

    /// The shared memory has forgotten which sessions there are.
    void join_again();

    /// Calls `listed` with the sessions that there are, in a coming turn of the loop or already now. Nothing
    /// when a list is being made: it answers for both.
    void list(std::function<void(const HeldSessions& held)> listed);

    /// The operator has said something (Surroundings::act_on): open sessions obey, in some turns of the loop.
    void acts_changed();

    /// No new sessions; those under way go on to their own end, for session_time_max at the longest, then
    /// `ended` runs. May be followed by drain(), which then runs its own callback instead.
    void retire(std::function<void()> ended);

    /// No new sessions; idle ones are told 421 4.3.2, running transactions finish within drain_max, then
    /// `drained` runs.
    void drain(std::function<void()> drained);

    unsigned sessions() const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::front
