// One connection to an MTA: a socket, TLS where it is available, the dialogue on it, and a time limit for
// every wait.
//
// The class is thin: the dialogue decides what is said, the pool decides who may use the connection.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/fd.hpp"
#include "net/loop.hpp"
#include "net/tls.hpp"
#include "relay/content_writer.hpp"
#include "relay/identity.hpp"
#include "relay/relay_proof.hpp"
#include "relay/upstream.hpp"
#include "smtp/dialogue.hpp"

namespace sluice::relay {

class Job;

class Connection final : public net::IoHandler, private net::Timer {
  public:
    using Outcome = smtp::Dialogue::Outcome;

    class Owner {
      public:
        /// Any outcome but Outcome::none. The owner may close the connection.
        virtual void progressed(Connection& connection, Outcome outcome) = 0;
        virtual void idle_expired(Connection& connection) = 0;
        /// The connection is established, but no greeting came within `greeting_patience`; it goes on
        /// waiting. Called at most once for a connection.
        virtual void greeting_late(Connection& /*connection*/) {}

      protected:
        ~Owner() = default;
    };

    static constexpr Seconds greeting_patience{5};
    /// For this long after its greeting a connection has an MTA process that has read the current tables.
    static constexpr Seconds young_time{5};
    /// An answer received on a connection older than this is not remembered, however old connections may
    /// become.
    static constexpr Seconds remembered_age_max{60};

    /// The pool's data about each connection.
    struct Lease {
        Job* job = nullptr;          // the job that uses it now
        Job* promised_to = nullptr;  // the job on whose behalf it is being opened
        Introduction introduction;   // the identity in force; empty = still our own
        wire::XclientAttributes attributes;
        Carry carry = Carry::nothing;
        Instant opened_at;
        Instant idle_since;
        unsigned uses = 0;
        bool opened = false;
        bool idle = false;
        bool tied = false;  // no other identity can be put in force on it
        bool may_be_stale =
            false;  // it was idle for a while before it was leased: it may have been dead by then
        bool quitting = false;
        bool spent = false;               // tied to the stranger of a proof: of no use to any client
        smtp::EhloReply own_ehlo;         // the reply to our EHLO, before any client's identity
        std::optional<RelayProof> proof;  // the proof in progress, before the connection is put to use
        Instant proof_began_at;
    };

    Connection(net::Loop& loop, const PoolOptions& options, std::string_view hostname, Upstream& upstream,
               Owner& owner);

    /// Starts connecting; `preface` is sent before anything else, `helo` is as for Dialogue::open. False: the
    /// attempt failed at once, and failure() says why.
    [[nodiscard]] bool open(std::string preface, std::string_view helo);

    /// Sends the dialogue's output; the MTA must answer within the time limit.
    void send();
    /// Sends the message and the final dot. What the view refers to must stay valid until dot_sent() or the
    /// end of the connection.
    void send_content(std::string header, const smtp::MessageView& message);
    /// Nothing is in progress: Owner::idle_expired is called after `idle_max`.
    void rest(Millis idle_max);
    /// Says QUIT; the MTA has a few seconds to close.
    void quit();
    /// Closes the connection at once. The object must then be retired.
    void close();

    Upstream& upstream() { return upstream_; }
    /// The time since the greeting.
    Millis age() const { return loop_.now() - lease_.opened_at; }
    bool young() const { return age() <= young_time; }
    smtp::Dialogue& dialogue() { return dialogue_; }
    Lease& lease() { return lease_; }

    /// content_begun: the first octets of a message have been sent in this task. dot_sent: all of it and the
    /// final dot have been.
    bool content_begun() const { return content_begun_; }
    bool dot_sent() const { return dot_sent_; }
    bool timed_out() const { return timed_out_; }
    /// The connection ended in a TLS handshake.
    bool handshake_failed() const { return handshake_failed_; }
    /// The TLS facts, known after Outcome::opened; nothing for plaintext.
    std::optional<net::TlsFacts> tls() const;
    /// The reason why the connection ended, as a sentence.
    std::string failure() const;

  private:
    void on_io(std::uint32_t events) override;
    void on_timer() override;
    bool connected();
    void start_tls();
    void shake_hands();
    std::ptrdiff_t write_some(const char* octets, std::size_t count);
    std::ptrdiff_t read_some(char* octets, std::size_t count);
    void flush();
    void write_content();
    void read_replies(std::uint32_t events);
    /// False: the connection is gone, or must no longer be read.
    bool take_replies(std::string_view octets);
    void end(std::string why);
    void broken();
    void wait(Millis limit);

    net::Loop& loop_;
    const PoolOptions& options_;
    Upstream& upstream_;
    Owner& owner_;
    smtp::Dialogue dialogue_;
    net::Fd fd_;
    std::string preface_;
    net::TlsStream tls_;
    std::optional<ContentWriter> content_;
    std::string failure_;
    Lease lease_;
    bool connecting_ = false;
    bool told_late_ = false;
    bool shaking_hands_ = false;
    bool handshake_failed_ = false;
    bool resting_ = false;
    bool broken_ = false;
    bool timed_out_ = false;
    bool content_begun_ = false;
    bool dot_sent_ = false;
};

}  // namespace sluice::relay
