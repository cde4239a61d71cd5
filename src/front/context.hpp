// What all sessions of one worker share.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "front/front.hpp"
#include "front/health_check.hpp"
#include "front/hellos.hpp"
#include "front/untold_deliveries.hpp"
#include "net/loop.hpp"
#include "net/process_memory.hpp"
#include "net/secret_hash.hpp"
#include "policy/client_counts.hpp"

namespace sluice::front {

class Session;

struct Context {
    Context(const Surroundings& around, const FrontOptions& front_options)
        : surroundings(around),
          options(front_options),
          pace(in_phase(front_options.pace, around.pace_phase)),
          unknown_recipients(options.policy.unknown_recipients.window,
                             options.policy.unknown_recipients.clients_max, net::random_hash_key()),
          handshakes(Seconds{60}, options.policy.unknown_recipients.clients_max),
          spool_memory(around.loop, front_options.spool.shared_octets_max),
          teaser("220-" + front_options.server.hostname + " ESMTP\r\n"),
          memory(around.loop, front_options.memory_octets_max, [this] { memory_changed(); }),
          hellos_(options.server),
          slow_hellos_(options.server) {}

    /// A session is over: forget it, and destroy it once this turn of the loop cannot name it any more.
    virtual void ended(Session& session) = 0;

    /// Counts a session of this client; false when it has too many. To be asked once for each session.
    virtual bool has_room_for(const IpAddress& client) = 0;

    /// Memory has become tight, or is no longer.
    virtual void memory_changed() = 0;

    /// How much there is to do; looked at ten times a second at most.
    policy::Pressure pressure();
    /// Notes whether a DNS list is of use, for the operator; `signal` is any that admission has found.
    void heard_of_list(const policy::Signal& signal);
    /// Tells the operator what is wrong with a load balancer's headers, if that is news.
    void heard_of_proxy_fault(ProxyFault fault, const IpAddress& balancer);
    /// An MTA has answered after so long.
    void mta_took(Millis time);

    virtual unsigned sessions() const = 0;

    /// What a HELO or EHLO is answered now. A slow session is offered neither PIPELINING nor CHUNKING, so
    /// that each of its commands waits for the reply to the one before, and no burst passes.
    const smtp::Hello& hello(bool slow);

    net::Loop& loop() { return surroundings.loop; }
    Instant now() const { return surroundings.loop.now(); }
    Metrics& metrics() const { return surroundings.metrics; }

    const Surroundings surroundings;
    const FrontOptions& options;
    const policy::PaceOptions pace;  // those of the options, in this worker's phase
    policy::ClientCounts unknown_recipients;
    policy::ClientCounts handshakes;  // in the last minute
    spool::SpoolMemory spool_memory;
    UntoldDeliveries untold;
    const std::string teaser;  // the first of two lines of greeting
    net::MemoryWatch memory;
    unsigned tls_sessions = 0;
    bool draining = false;
    std::string instance;  // first part of every session identifier of this worker

    /// Shared by all sessions, one at a time: what was just read, the replies of this advance, the log line
    /// being built. What is read is taken in pieces that are large (a system call each) and still in the
    /// processor's cache when they are looked at and copied.
    std::array<char, 131'072> scratch;
    std::string output;
    std::string log_line;
    std::vector<policy::Signal> log_signals;

  protected:
    ~Context() = default;

  private:
    static policy::PaceOptions in_phase(policy::PaceOptions pace, Millis phase) {
        pace.phase = phase;
        return pace;
    }

    Hellos hellos_;
    Hellos slow_hellos_;
    policy::Pressure pressure_ = policy::Pressure::none;
    Instant looked_at_;
    Millis mta_latency_{0};
    std::vector<std::string_view> unusable_lists_;  // they list everybody
    ProxyFaultNews proxy_fault_news_;
};

}  // namespace sluice::front
