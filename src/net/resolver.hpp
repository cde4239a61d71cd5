// DNS questions with deadlines, answered through libunbound (its cache, its TTLs, its TCP fallback).
//
// "No opinion" is a value of its own: a timeout, SERVFAIL or a lame server is never mistaken for "not
// listed"; the status tells which of them it was.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/ip.hpp"
#include "base/metrics.hpp"
#include "base/question.hpp"
#include "base/time.hpp"

namespace sluice::net {

class Loop;

enum class DnsType : std::uint16_t { a = 1, ptr = 12, mx = 15, txt = 16, aaaa = 28, tlsa = 52 };

struct DnsAnswer {
    enum class Status : std::uint8_t {
        found,        // at least one record
        absent,       // NXDOMAIN or no record of this type: a definite no
        servfail,     // SERVFAIL, or libunbound gave up for a reason of its own
        refused,      // REFUSED, or another code by which the server declines to serve us
        lame,         // the server refers to others instead of answering (RFC 8499 7)
        malformed,    // the reply cannot be read, or does not belong to the question
        bogus,        // DNSSEC validation says that it is forged
        unreachable,  // no server answers within libunbound's patience, or over TCP where TCP is needed
        not_asked,    // too many questions at once, or no name
        timed_out,    // our own deadline passed
    };
    Status status = Status::servfail;
    std::vector<IpAddress> addresses;  // A, AAAA
    std::vector<std::string> texts;    // PTR and MX names (no trailing dot), TXT strings
    std::vector<std::string> records;  // the octets of TLSA records
    std::uint32_t ttl_s = 0;
    bool secure = false;  // validated by DNSSEC from ResolverOptions::trust_anchor_file on down
};

/// A question to DNS; destroying it withdraws it.
using DnsQuery = Question<const DnsAnswer&>;

struct ResolverOptions {
    /// Servers to forward to, "192.0.2.53", "127.0.0.1:5353" or "[2001:db8::53]:53"; empty = those of
    /// /etc/resolv.conf, or, without that file, recursion from the root servers.
    std::vector<std::string> servers;
    /// DNSKEY or DS records that answers are validated against (a forged one is `bogus`); empty = nothing is
    /// validated, and no answer is secure.
    std::string trust_anchor_file = {};
    Millis deadline{3000};
    /// The bound on questions in progress; one more is answered `not_asked` at once (by the loop). A question
    /// whose deadline passed or whose query was destroyed counts until libunbound gives it up.
    unsigned pending_max = 10000;
};

class Resolver {
  public:
    /// `loop` must outlive this. Throws std::runtime_error when libunbound cannot be set up. Starts a thread
    /// at the first question. Slow answers are counted in `metrics`, which must outlive this.
    Resolver(Loop& loop, const ResolverOptions& options, Metrics& metrics = unread_metrics());
    /// Drops the pending queries.
    ~Resolver();

    /// `name` has no trailing dot; an invalid name is answered `not_asked`. `query` must not be pending.
    void ask(DnsQuery& query, const std::string& name, DnsType type);

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::net
