#include "app/check/probe.hpp"

#include <poll.h>
#include <system_error>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <fmt/format.h>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/shown_text.hpp"
#include "net/loop.hpp"
#include "net/resolver.hpp"
#include "net/socket.hpp"
#include "net/tls.hpp"
#include "relay/identity.hpp"
#include "relay/relay_proof.hpp"
#include "relay/upstream.hpp"
#include "smtp/dialogue.hpp"
#include "smtp/foreign_recipient.hpp"
#include "wire/proxy_protocol.hpp"
#include "wire/xclient.hpp"

namespace sluice::app {

namespace {

using Clock = std::chrono::steady_clock;
using Outcome = smtp::Dialogue::Outcome;

// Documentation addresses of RFC 5737 and RFC 3849: 192.0.2.1, 198.51.100.1 and 2001:db8::1.
const IpAddress first_client = IpAddress::v4({192, 0, 2, 1});
const IpAddress second_client = IpAddress::v4({198, 51, 100, 1});
const IpAddress ipv6_client = IpAddress::v6({0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});

smtp::ClientIdentity client_at(const IpAddress& address) {
    smtp::ClientIdentity client;
    client.address = address;
    client.helo = "client.example";
    client.esmtp = true;
    return client;
}

/// The client whose mail to foreign domains must be refused. It has the name and address that the workers use
/// for the same question, so that the MTA's log and its refusal counters show one client. The name is sent
/// only if clients' names are.
smtp::ClientIdentity stranger_of(const Config& config) {
    smtp::ClientIdentity stranger = relay::proof_stranger();
    if (!config.front.policy.resolve_names) stranger.name = {};
    return stranger;
}

std::string_view first_line(std::string_view text) {
    return text.substr(0, text.find('\n'));
}

/// A connection to the MTA.
class ProbeConnection {
  public:
    ProbeConnection(const relay::Upstream& mta, const relay::RelayOptions& options)
        : mta_(mta), pool_(options.pool), dialogue_(options.hostname) {}

    /// Connects and sends EHLO. On failure returns false; failure() says why.
    bool open(const IpAddress& proxied_client);
    ProbeAnswer introduce(const smtp::ClientIdentity& client);
    ProbeAnswer ask_to_relay();
    /// Names the postmaster that many times in one transaction; nothing when the connection broke.
    std::optional<RecipientsTaken> ask_many(unsigned recipients);
    void quit();

    const smtp::Dialogue& dialogue() const { return dialogue_; }
    std::string tls() const;
    const std::string& failure() const { return failure_; }

  private:
    bool connect();
    Outcome converse();
    bool shake_hands(Clock::time_point deadline);
    std::ptrdiff_t write(const std::string& octets);
    std::ptrdiff_t read(std::span<char> buffer);
    ProbeAnswer answer(bool yes) const;
    bool wait(int events, Clock::time_point deadline);
    bool send_some(std::string& octets);
    bool fail(std::string why) {
        failure_ = std::move(why);
        return false;
    }

    const relay::Upstream& mta_;
    const relay::PoolOptions& pool_;
    smtp::Dialogue dialogue_;
    net::Fd fd_;
    net::TlsStream tls_;
    std::string failure_;
};

bool ProbeConnection::wait(int events, Clock::time_point deadline) {
    for (;;) {
        const auto left = std::chrono::duration_cast<Millis>(deadline - Clock::now());
        if (left.count() <= 0) return fail("no answer in time");
        pollfd waiting{fd_.get(), static_cast<short>(events), 0};
        const int ready = ::poll(&waiting, 1, static_cast<int>(left.count()));
        if (ready > 0) return true;
        if (ready < 0 && errno != EINTR) return fail(std::generic_category().message(errno));
    }
}

bool ProbeConnection::connect() {
    auto connecting = net::connect_to(mta_.options.address);
    if (!connecting) return fail(connecting.error().message());
    fd_ = std::move(*connecting);
    if (!wait(POLLOUT, Clock::now() + pool_.connect_timeout)) return false;
    const std::error_code error = net::connect_result(fd_.get());
    return !error || fail(error.message());
}

/// Sends as much as possible without waiting.
bool ProbeConnection::send_some(std::string& octets) {
    while (!octets.empty()) {
        const auto sent = write(octets);
        if (sent == net::io_would_block) return true;
        if (sent == net::io_failed) return fail(std::generic_category().message(errno));
        octets.erase(0, static_cast<std::size_t>(sent));
    }
    return true;
}

std::ptrdiff_t ProbeConnection::write(const std::string& octets) {
    return tls_ ? tls_.write(octets.data(), octets.size())
                : net::write_some(fd_.get(), octets.data(), octets.size());
}

std::ptrdiff_t ProbeConnection::read(std::span<char> buffer) {
    return tls_ ? tls_.read(buffer.data(), buffer.size())
                : net::read_some(fd_.get(), buffer.data(), buffer.size());
}

bool ProbeConnection::shake_hands(Clock::time_point deadline) {
    using Handshake = net::TlsStream::Handshake;
    tls_ = net::TlsStream(*mta_.tls, fd_.get(), mta_.records());
    for (;;) {
        const Handshake result = tls_.shake_hands();
        if (result == Handshake::done) return true;
        if (result == Handshake::failed) return fail("TLS: " + tls_.handshake_error());
        if (!wait(tls_.wants_room() ? POLLOUT : POLLIN, deadline)) return false;
    }
}

std::string ProbeConnection::tls() const {
    if (!tls_) return {};
    return fmt::format("{} with {}", tls_.facts().version, tls_.facts().cipher);
}

/// Talks to the MTA until the dialogue's task is done.
Outcome ProbeConnection::converse() {
    const auto deadline = Clock::now() + pool_.command_timeout;
    std::array<char, 4096> buffer;
    for (;;) {
        // Read and write in turn: an MTA with much to say reads no commands until its replies are read.
        if (!send_some(dialogue_.output())) return dialogue_.lost();
        const auto got = read(buffer);
        if (got == net::io_would_block) {
            const bool unsent = !dialogue_.output().empty();
            if (!wait(unsent ? POLLIN | POLLOUT : POLLIN, deadline)) return dialogue_.lost();
            continue;
        }
        if (got <= 0) {
            fail(got == 0 ? "it closed the connection" : std::generic_category().message(errno));
            return dialogue_.lost();
        }
        const Outcome outcome =
            dialogue_.receive(std::string_view(buffer.data(), static_cast<std::size_t>(got)));
        if (outcome == Outcome::tls_refused) fail("it does not offer STARTTLS");
        if (outcome != Outcome::none && outcome != Outcome::start_tls) return outcome;
        if (outcome == Outcome::none) continue;
        if (!shake_hands(deadline)) return dialogue_.lost();
        dialogue_.secured();
    }
}

bool ProbeConnection::open(const IpAddress& proxied_client) {
    if (!connect()) return false;
    if (mta_.options.identity == relay::IdentityBy::proxy_v2) {
        const net::Endpoint& mta = mta_.options.address.tcp;
        std::string header = wire::proxy_v2_header({proxied_client, mta.address, 25, mta.port});
        // A fresh connection always has room for these few octets.
        if (!send_some(header) || !header.empty()) return false;
    }
    dialogue_.open({}, mta_.hop(Instant{}));
    const Outcome outcome = converse();
    if (outcome == Outcome::opened) return true;
    if (dialogue_.reply().code != 0)
        fail(fmt::format("it said {} {}", dialogue_.reply().code, shown(first_line(dialogue_.reply().text))));
    else if (failure_.empty())
        fail("it does not speak SMTP");
    return false;
}

/// The MTA's answer to the task that has just ended.
ProbeAnswer ProbeConnection::answer(bool yes) const {
    const smtp::Reply& reply = dialogue_.reply();
    if (yes) return {true, {}};
    if (reply.code != 0) return {false, fmt::format("{} {}", reply.code, shown(first_line(reply.text)))};
    return {false, failure_.empty() ? "it broke off" : failure_};
}

ProbeAnswer ProbeConnection::introduce(const smtp::ClientIdentity& client) {
    const auto attributes = wire::XclientAttributes::parse(dialogue_.ehlo().xclient);
    const relay::Introduction said = relay::xclient_introduction(client, attributes);
    if (said.empty()) return {false, "EHLO offers XCLIENT no more"};
    dialogue_.introduce(said.preface, said.helo, said.esmtp);
    return answer(converse() == Outcome::introduced);
}

ProbeAnswer ProbeConnection::ask_to_relay() {
    smtp::Envelope envelope;
    for (const std::string_view foreign : smtp::foreign_recipients)
        envelope.recipients.push_back({std::string(foreign), {}});
    if (!dialogue_.ask(envelope)) return {false, "it cannot be asked"};
    const bool verified = converse() == Outcome::verified;
    return answer(verified && std::ranges::any_of(dialogue_.recipients(), &smtp::Reply::positive));
}

std::optional<RecipientsTaken> ProbeConnection::ask_many(unsigned recipients) {
    const smtp::Recipient postmaster{"postmaster", {}};
    const std::vector<smtp::Recipient> all(recipients, postmaster);
    if (!dialogue_.ask({.sender = {}, .sender_parameters = {}, .recipients = all})) return std::nullopt;
    if (converse() != Outcome::verified || dialogue_.recipients().size() != recipients) return std::nullopt;
    RecipientsTaken found{.asked = recipients};
    for (const smtp::Reply& reply : dialogue_.recipients()) {
        if (reply.positive())
            ++found.taken;
        else if (found.said.empty())
            found.said = fmt::format("{} {}", reply.code, first_line(reply.text));
    }
    return found;
}

void ProbeConnection::quit() {
    if (!dialogue_.usable()) return;
    dialogue_.quit();
    converse();
}

/// Asks a question on a connection of its own.
template <class Answer, class Ask>
std::optional<Answer> on_new_connection(const relay::Upstream& mta, const relay::RelayOptions& options,
                                        Ask ask) {
    ProbeConnection connection(mta, options);
    if (!connection.open(relay::proof_stranger().address)) return std::nullopt;
    std::optional<Answer> answer = ask(connection);
    connection.quit();
    return answer;
}

/// Uses ever longer transactions, up to the limit or until one is too long.
std::optional<RecipientsTaken> ask_limit(ProbeConnection& connection, unsigned recipients_max) {
    constexpr unsigned first = 100;
    const bool pipelining = connection.dialogue().ehlo().offer.has(smtp::Extension::pipelining);
    const unsigned most =
        std::min(recipients_max, pipelining ? recipients_asked_max : recipients_asked_singly_max);
    std::optional<RecipientsTaken> found;
    for (unsigned number = std::min(first, most);; number = std::min(2 * number, most)) {
        const auto longer = connection.ask_many(number);
        if (!longer) return found;
        found = longer;
        if (found->taken < number || number == most) return found;
    }
}

/// Looks up the TLSA records that verify an MTA. why_none() is empty when there are some.
class TlsaLookup {
  public:
    TlsaLookup(relay::Upstream& mta, const Config& config)
        : mta_(mta), resolver_(loop_, config.validating_resolver()) {
        const relay::UpstreamOptions& given = mta.options;
        mta.tlsa = std::make_unique<relay::TlsaWatch>(loop_, resolver_, given.tls.name,
                                                      given.address.tcp.port, [] {});
    }
    ~TlsaLookup() { mta_.tlsa.reset(); }

    std::string why_none(Millis limit) {
        const Instant until = loop_.now() + limit;
        while (mta_.records().empty() && mta_.tlsa->asking() && loop_.now() < until)
            loop_.turn(Millis{100});
        return mta_.records().empty() ? mta_.tlsa->why() : std::string();
    }

  private:
    relay::Upstream& mta_;
    net::Loop loop_;
    net::Resolver resolver_;
};

/// Asks the questions that need their own connections. How to talk to the MTA must be known by then.
void ask_questions(const relay::Upstream& mta, const Config& config, ProbeFindings& found) {
    const relay::RelayOptions& options = config.relay;
    const bool by_proxy = mta.options.identity == relay::IdentityBy::proxy_v2;
    if (found.forwards_identity()) {
        found.ipv6_identity = on_new_connection<ProbeAnswer>(
            mta, options, [](ProbeConnection& another) { return another.introduce(client_at(ipv6_client)); });
    }
    if (found.forwards_identity() || by_proxy) {
        found.foreign_recipient = on_new_connection<ProbeAnswer>(
            mta, options, [&](ProbeConnection& another) -> std::optional<ProbeAnswer> {
                if (!by_proxy && !another.introduce(stranger_of(config)).yes) return std::nullopt;
                return another.ask_to_relay();
            });
    }
    // With the PROXY protocol, every connection has a client's address.
    if (!by_proxy) {
        found.own_recipient = on_new_connection<ProbeAnswer>(
            mta, options, [](ProbeConnection& another) { return another.ask_to_relay(); });
    }
    // Asked in Sluice's own name, so that refusals count against no client's address.
    found.recipients = on_new_connection<RecipientsTaken>(mta, options, [&](ProbeConnection& another) {
        return ask_limit(another, config.front.server.limits.recipients_max);
    });
}

}  // namespace

ProbeFindings probe_mta(const relay::UpstreamOptions& upstream, const Config& config) {
    const relay::RelayOptions& options = config.relay;
    ProbeFindings found;
    relay::Upstream mta(upstream, options.pool);
    std::optional<TlsaLookup> lookup;
    if (upstream.tls.level == relay::MtaTls::dane_only) {
        found.unreachable = lookup.emplace(mta, config).why_none(config.resolver.deadline + Millis{500});
        if (!found.unreachable.empty()) return found;
    }
    ProbeConnection connection(mta, options);
    if (!connection.open(first_client)) {
        found.unreachable = connection.failure();
        return found;
    }
    found.host = connection.dialogue().greeting_host();
    found.ehlo = connection.dialogue().ehlo();
    found.tls = connection.tls();

    using relay::IdentityBy;
    const bool xclient = !found.ehlo.xclient.empty() && (upstream.identity == IdentityBy::automatic ||
                                                         upstream.identity == IdentityBy::xclient);
    if (xclient) {
        found.identity = connection.introduce(client_at(first_client));
        if (found.forwards_identity()) found.second_identity = connection.introduce(client_at(second_client));
    }
    connection.quit();

    ask_questions(mta, config, found);
    return found;
}

}  // namespace sluice::app
