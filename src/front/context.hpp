// The state that all sessions of one worker share.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "front/front.hpp"
#include "front/health_check.hpp"
#include "front/hellos.hpp"
#include "front/untold_deliveries.hpp"
#include "judge/sources.hpp"
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
          sources{.loop = around.loop,
                  .options = front_options.policy,
                  .our_name = front_options.server.hostname,
                  .resolver = around.resolver,
                  .state = around.state,
                  .act_on = surroundings.act_on,
                  .place_of = surroundings.place_of,
                  .list_has_spoken = [this](const policy::Signal& signal) { heard_of_list(signal); },
                  .unknown_recipients = unknown_recipients,
                  .metrics = around.metrics,
                  .checks = around.checks},
          hellos_(options.server),
          slow_hellos_(options.server) {}

    /// Forgets a session that is over, and destroys it once nothing in this turn of the loop can name it any
    /// more.
    virtual void ended(Session& session) = 0;

    /// Counts a session of this client; false when the client has too many. Called once for each session.
    virtual bool has_room_for(const IpAddress& client) = 0;

    /// Called when memory has become tight, and when it no longer is.
    virtual void memory_changed() = 0;

    /// The pressure of load on this worker, measured at most ten times a second.
    policy::Pressure pressure();
    /// Tells the operator when a DNS list becomes unusable or usable; `signal` is any signal of a list.
    void heard_of_list(const policy::Signal& signal);
    /// Tells the operator of a fault in a load balancer's headers, unless it was told recently.
    void heard_of_proxy_fault(ProxyFault fault, const IpAddress& balancer);
    /// Takes into account that an MTA has answered after `time`.
    void mta_took(Millis time) { mta_latency_.took(time, now()); }

    virtual unsigned sessions() const = 0;

    /// The replies to HELO and EHLO as they are now. A slow session is offered neither PIPELINING nor
    /// CHUNKING, so that each of its commands waits for the reply to the one before, and it cannot send in
    /// bursts.
    const smtp::Hello& hello(bool slow);

    net::Loop& loop() { return surroundings.loop; }
    Instant now() const { return surroundings.loop.now(); }
    Metrics& metrics() const { return surroundings.metrics; }

    const Surroundings surroundings;
    const FrontOptions& options;
    const policy::PaceOptions pace;  // the options' pace, in this worker's phase
    policy::ClientCounts unknown_recipients;
    policy::ClientCounts handshakes;  // those of the last minute
    spool::SpoolMemory spool_memory;
    UntoldDeliveries untold;
    const std::string teaser;  // the first of the two lines of the greeting
    net::MemoryWatch memory;
    const judge::Sources sources;  // what the sessions' cases ask
    unsigned tls_sessions = 0;
    bool draining = false;
    std::string instance;  // the first part of every session identifier of this worker

    /// Buffers that all sessions share, one session at a time: the octets just read, the replies of this
    /// advance(), the log line being built. `scratch` is large enough to save system calls, and small enough
    /// that its octets are still in the processor's cache when they are parsed and copied.
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
    policy::MtaLatency mta_latency_;
    std::vector<std::string_view> unusable_lists_;  // they list every address, or refuse us
    ProxyFaultNews proxy_fault_news_;
};

}  // namespace sluice::front
