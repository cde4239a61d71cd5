// The client side of one worker: accepts clients, judges them, and carries each session through the SMTP
// state machine at the pace of its lane.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/log_line.hpp"
#include "base/metrics.hpp"
#include "front/held_sessions.hpp"
#include "front/options.hpp"
#include "judge/check.hpp"
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

/// The parts that the client side works with; all of them outlive Front. `resolver` may be null when nothing
/// is to be looked up.
struct Surroundings {
    net::Loop& loop;
    net::Offload& offload;
    net::Resolver* resolver;
    smtp::Backend backend;
    const net::TlsServerContext* tls;  // null = STARTTLS is not offered
    net::LogWriter& log;
    LogFormat log_format;
    /// The phase of the moments at which holds end (PaceOptions::phase). Workers have different phases, so
    /// that they do not wake together.
    Millis pace_phase{0};
    /// Tells the operator something: an event, and a sentence.
    std::function<void(std::string_view event, std::string_view why)> tell = [](std::string_view,
                                                                                std::string_view) {};
    store::State* state = nullptr;  // the memory that all workers share; null = there is none
    /// The operator's act on a client of the running Sluice; null = there is none. The pointer is valid in
    /// this turn of the loop only.
    std::function<const policy::Act*(const IpAddress& client)> act_on =
        [](const IpAddress&) -> const policy::Act* { return nullptr; };
    /// The ASN and the country of a client's address, as far as they are known.
    std::function<policy::Place(const IpAddress& client)> place_of = [](const IpAddress&) {
        return policy::Place{};
    };
    Metrics& metrics = unread_metrics();
    std::span<const judge::Check* const> checks = judge::catalogue();
};

/// The way in which a connection begins.
enum class Wrapping : std::uint8_t {
    none,  // with the greeting; TLS follows STARTTLS
    tls,   // with TLS (implicit TLS, RFC 8314 3; Postfix's smtpd_tls_wrappermode)
};

class Front {
  public:
    Front(const Surroundings& surroundings, const FrontOptions& options);
    ~Front();

    /// Serves a listening socket, which the caller keeps owning. Wrapping::tls needs Surroundings::tls.
    void serve(int listener, Wrapping wrapping = Wrapping::none);

    /// Accepts the connections that wait at a listening socket now, and no later ones; for a socket that is
    /// about to be closed. With Wrapping::tls and no TLS context any more, the connections are closed without
    /// a word.
    void take_queue(int listener, Wrapping wrapping = Wrapping::none);

    /// Registers all sessions again with a shared memory that has forgotten them.
    void join_again();

    /// Calls `listed` with the current sessions, in a later turn of the loop or at once. Does nothing while a
    /// list is being made: that list serves both callers.
    void list(std::function<void(const HeldSessions& held)> listed);

    /// Applies a change of the operator's acts (Surroundings::act_on) to the open sessions, over several
    /// turns of the loop.
    void acts_changed();

    /// Accepts no new sessions. Open ones go on to their own end, for session_time_max at the longest; then
    /// `ended` runs. drain() may follow, and then runs its own callback instead.
    void retire(std::function<void()> ended);

    /// Accepts no new sessions. Idle ones are told 421 4.3.2, running transactions may finish within
    /// drain_max; then `drained` runs.
    void drain(std::function<void()> drained);

    unsigned sessions() const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::front
