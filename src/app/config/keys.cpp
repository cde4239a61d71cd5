#include "app/config/keys.hpp"

#include <array>
#include <iterator>
#include <vector>

#include "app/config/lists.hpp"
#include "app/config/policy_keys.hpp"
#include "app/config/store_keys.hpp"

namespace sluice::app {

namespace {

constexpr std::int64_t day_s = 86'400;
constexpr std::int64_t million = 1'000'000;

// The words of the enumerations below, in the order of their enumerators.
constexpr std::array<std::string_view, 2> log_formats = {"json", "pretty"};
constexpr std::array<std::string_view, 2> bare_newlines = {"refuse", "normalise"};
constexpr std::array<std::string_view, 4> identities = {"auto", "xclient", "proxy_v2", "none"};
constexpr std::array<std::string_view, 7> mta_tls_levels = {"auto",   "none",        "may",      "encrypt",
                                                            "verify", "fingerprint", "dane-only"};
constexpr std::array<std::string_view, 3> auth_modes = {"off", "pass", "pass-plaintext"};
constexpr std::array<std::string_view, 3> tls_versions = {"1.0", "1.2", "1.3"};
constexpr std::array<std::string_view, 2> paced_contents = {"full", "slow"};
constexpr std::array<std::string_view, 3> verifiers = {"mta", "list", "off"};

const Key<Config> keys_before_policy[] = {
    {"listen",
     ListKind<Config>{"\"ADDRESS:PORT\"", [](Config& c) { c.listen.clear(); }, add_listen, render_listen},
     "The addresses where clients connect. IPv6 addresses stand in brackets."},
    {"workers", integer<Config>([](Config& c) -> auto& { return c.workers; }, 0, 1024),
     "Worker processes; 0 = one for each processor core. Take more when `limits.sessions_max` of one worker "
     "is bound by file descriptors."},
    {"state_dir",
     TextKind<Config>{[](Config& c) -> auto& { return c.state_dir; }, "a directory", nullptr,
                      "/var/lib/sluice"},
     "The directory where Sluice keeps files; made when missing. Empty = nowhere: large messages on their "
     "way to the MTA then go to unlinked files in /tmp, and `sluice reload` and `sluice upgrade` find no "
     "Sluice to ask."},
    {"store",
     TextKind<Config>{[](Config& c) -> auto& { return c.store.where; }, store_form, is_store_place,
                      "redis://:password@192.0.2.7:6379", store_fault},
     "The place where reputation, rates, the greylist, the short-term blocklist and the recipients that MTAs "
     "know are remembered: `local` (a database in `state_dir`), `off`, or a Redis 5 or later that several "
     "machines share: `redis://[user:password@]host[:port][/database]`, "
     "`redis+sentinel://host,host/master-name`, `redis+cluster://host,host`; with `rediss` in place of "
     "`redis` over TLS. `auto` is `local` where there is a `state_dir`, and `off` where there is none."},
    {"user", TextKind<Config>{[](Config& c) -> auto& { return c.user; }, "a user's name", nullptr, "sluice"},
     "The user that workers run as when root starts Sluice, with the groups it was put into (to connect to a "
     "Unix-domain socket of Postfix it has to be in `postdrop`). Empty = they stay root, without any "
     "capability, and a notice says so. Started by anybody else, they run as that user."},

    {"relay.mta",
     ListKind<Config>{"\"ADDRESS:PORT\" or table", [](Config& c) { c.relay.upstreams.clear(); }, add_upstream,
                      render_upstreams},
     "The MTAs behind Sluice: addresses, or tables (also written as `[[relay.mta]]`) with the keys below."},

    {"relay.pool.connections_min",
     integer<Config>([](Config& c) -> auto& { return c.relay.pool.connections_min; }, 0, 10'000),
     "Connections a worker keeps open to the preferred MTA."},
    {"relay.pool.connections_max",
     integer<Config>([](Config& c) -> auto& { return c.relay.pool.connections_max; }, 1, 10'000),
     "Connections a worker opens at most, all MTAs together. Keep workers times this below the process limit "
     "of the MTA. One client's network (IPv4 /24, IPv6 /64) has a quarter of them at most for questions "
     "about recipients, and all but a quarter for messages."},
    {"relay.pool.idle_max_s",
     integer<Config>([](Config& c) -> auto& { return c.relay.pool.idle_max; }, 1, day_s),
     "An idle connection above the minimum is closed after this. Stay below the MTA's own time-out (Postfix: "
     "smtpd_timeout, 300 s)."},
    {"relay.pool.uses_max",
     integer<Config>([](Config& c) -> auto& { return c.relay.pool.uses_max; }, 1, million),
     "Transactions on one connection before it is closed."},
    {"relay.pool.age_max_s",
     integer<Config>([](Config& c) -> auto& { return c.relay.pool.age_max; }, 1, day_s),
     "A connection older than this is closed after its use. An MTA process may see its tables as they were "
     "when the connection began: answers on connections older than 60 s are not remembered, and \"no such "
     "user\" on one older than 5 s is asked about again on a new one."},
    {"relay.pool.relay_check_s",
     integer<Config>([](Config& c) -> auto& { return c.relay.pool.relay_check; }, 1, day_s),
     "A worker asks an MTA for two recipients that are nobody's (a domain below `.example` and an address in "
     "brackets), as Sluice and in the name of a stranger: before the MTA gets any mail, and from then on, on "
     "new connections, when so long has passed, when the MTA was down or when its offer has changed. An MTA "
     "that says 250 would relay for everybody who can reach Sluice: it counts as down until it says "
     "otherwise (`mta_relays_for_strangers` in the log)."},
    {"relay.pool.waiting_max",
     integer<Config>([](Config& c) -> auto& { return c.relay.pool.waiting_max; }, 1, million),
     "Questions that may wait for a connection; one more is answered 451 4.3.2."},
    {"relay.pool.waiting_time_max_s",
     integer<Config>([](Config& c) -> auto& { return c.relay.pool.waiting_time_max; }, 1, 240,
                     "a client waits 5 minutes for the answer to RCPT (RFC 5321 4.5.3.2.3)"),
     "A question that waited so long for a connection is answered 451 4.3.2."},
    {"relay.pool.connect_timeout_s",
     integer<Config>([](Config& c) -> auto& { return c.relay.pool.connect_timeout; }, 1, 120),
     "The time that a connection to an MTA may take to open."},
    {"relay.pool.command_timeout_s",
     integer<Config>([](Config& c) -> auto& { return c.relay.pool.command_timeout; }, 1, 300),
     "The time that the MTA's greeting, and each of its answers to EHLO, XCLIENT, MAIL, RCPT, RSET and DATA, "
     "may take."},
    {"relay.pool.content_timeout_s",
     integer<Config>([](Config& c) -> auto& { return c.relay.pool.content_timeout; }, 1, 600),
     "The time without progress that is borne while a message is sent to the MTA."},
    {"relay.pool.final_timeout_s",
     integer<Config>([](Config& c) -> auto& { return c.relay.pool.final_timeout; }, 1, 590,
                     "a client waits 10 minutes for the answer to its final dot (RFC 5321 4.5.3.2.6)"),
     "The time that the MTA's answer to the final dot may take."},
    {"relay.pool.retry_after_s",
     integer<Config>([](Config& c) -> auto& { return c.relay.pool.retry_after; }, 1, 60),
     "An MTA that failed is left alone for so long; the time doubles with each failure, up to a minute."},
    {"relay.pool.outage_wait_max_s",
     integer<Config>([](Config& c) -> auto& { return c.relay.pool.outage_wait_max; }, 0, 240,
                     "a client waits 5 minutes for the answer to RCPT (RFC 5321 4.5.3.2.3)"),
     "With no MTA to be reached, questions wait for one until the outage has lasted so long; then all are "
     "answered 451 4.4.1 at once. Clients do not notice that an MTA is restarted."},

    {"recipients.verify", choice<Config>([](Config& c) -> auto& { return c.relay.verify.by; }, verifiers),
     "The authority on whether a recipient exists: `mta` asks the MTA with MAIL, RCPT, RSET; `list` looks "
     "into a file; `off` takes every recipient and lets the MTA refuse at delivery."},
    {"recipients.list_file",
     TextKind<Config>{[](Config& c) -> auto& { return c.relay.verify.list_file; }, "a file"},
     "For `list`: a file with one address, or one @domain that takes every local part, a line; # starts a "
     "comment. Read again when it changes."},
    {"recipients.positive_ttl_s",
     integer<Config>([](Config& c) -> auto& { return c.relay.verify.positive_ttl; }, 0, 7 * day_s),
     "The time for which a 250 of the MTA is remembered, for the network (IPv4 /24, IPv6 /64) that was told "
     "so, and for all when two clients of the slow lane, of unrelated networks, were; 0 = not at all. A 250 "
     "that a client in policy.networks.fast was told is remembered for this client alone."},
    {"recipients.negative_ttl_s",
     integer<Config>([](Config& c) -> auto& { return c.relay.verify.negative_ttl; }, 0, 7 * day_s),
     "The time for which \"no such user\" is remembered for clients of the slow lane, and for a minute at "
     "most for the network of one in the fast lane; 0 = not at all. Refusals for other reasons, and 4xx, "
     "never are."},
    {"recipients.cache_max",
     integer<Config>([](Config& c) -> auto& { return c.relay.verify.cache_max; }, 1, 100 * million),
     "Recipients a worker remembers; the least recently asked for is forgotten first."},
    {"recipients.per_transaction_max",
     integer<Config>([](Config& c) -> auto& { return c.relay.verify.per_transaction_max; }, 1, 100),
     "The MTA is asked about so many recipients in one MAIL transaction where several connections of one "
     "client ask for different ones at once. 1 = each in its own, for an MTA that delays or drops those who "
     "name many unknown recipients."},

    {"smtp.hostname",
     TextKind<Config>{[](Config& c) -> auto& { return c.front.server.hostname; }, host_name_form,
                      is_host_name_or_empty, "mx.example.org"},
     "Our name in greetings, EHLO and Received; empty = this machine's."},
    {"smtp.auth", choice<Config>([](Config& c) -> auto& { return c.front.server.auth; }, auth_modes),
     "With `pass`, AUTH is offered to clients under TLS with the mechanisms of the MTA, and passed on to it "
     "over an MTA connection of the client's own, which carries all that the client does from then on, at "
     "full speed. `pass-plaintext` offers it without TLS, too."},
    {"smtp.auth_connections_max",
     integer<Config>([](Config& c) -> auto& { return c.relay.auth_connections_max; }, 0, 10'000),
     "MTA connections of a worker for clients that use AUTH (`smtp.auth`), beyond those of "
     "relay.pool.connections_max; one more client hears 454 4.7.0. The process limit of the MTA has to be "
     "above both together."},
    {"smtp.bare_newlines",
     choice<Config>([](Config& c) -> auto& { return c.front.server.bare_newlines; }, bare_newlines),
     "The treatment of a message with a bare CR, a bare LF or a NUL: `refuse` answers 550 5.6.0; `normalise` "
     "makes the newlines CRLF and drops the NULs. They are never passed on."},
    {"smtp.offer",
     ListKind<Config>{"EHLO keyword", [](Config& c) { c.front.allowed = smtp::Offer(); }, add_extension,
                      render_offer},
     "The extensions clients may be offered. They are offered only where the MTA behind offers them too."},

    {"tls.chain_files",
     ListKind<Config>{"a file, or table", [](Config& c) { c.front.tls.certificates.chain_files.clear(); },
                      add_chain_file},
     "Certificates, each a PEM file with a private key, the certificate and the chain (Postfix: "
     "smtpd_tls_chain_files), or a table of two files as certbot writes them (also written as "
     "`[[tls.chain_files]]`, see below). A client gets the first that is for the name it asks for (SNI), "
     "else the first. Keys need be readable by root only. None = STARTTLS is not offered."},
    {"tls.listen",
     ListKind<Config>{"\"ADDRESS:PORT\"", [](Config& c) { c.tls_listen.clear(); }, add_tls_listen},
     "The addresses where TLS begins at once, without STARTTLS (implicit TLS, port 465; Postfix: "
     "smtpd_tls_wrappermode)."},
    {"tls.minimum",
     choice<Config>([](Config& c) -> auto& { return c.front.tls.certificates.minimum; }, tls_versions),
     "The oldest TLS that is spoken. `1.0` takes ciphers with it that are broken; it is still better than "
     "the plaintext an old client would use instead."},
    {"tls.received_header",
     BooleanKind<Config>{[](Config& c) -> auto& { return c.relay.tls_received_header; }},
     "A Received header of our own tells the MTA what TLS a client came over, also where XCLIENT names the "
     "client: XCLIENT has no word for TLS. (A PROXY header tells in any case.)"},
    {"tls.handshake_timeout_s",
     integer<Config>([](Config& c) -> auto& { return c.front.tls.handshake_timeout; }, 1, 600),
     "The time from STARTTLS to the end of the handshake; then the connection is closed."},
    {"tls.handshakes_per_client_max",
     integer<Config>([](Config& c) -> auto& { return c.front.tls.handshakes_per_client_max; }, 0, million),
     "STARTTLS commands of one client address (IPv6: of one /64) in a minute and worker, then 454 4.7.0; 0 = "
     "no limit. A client that may do without TLS then goes on in plaintext."},
    {"tls.slow_sessions_max",
     integer<Config>([](Config& c) -> auto& { return c.front.tls.slow_sessions_max; }, 0, 10 * million),
     "When so many sessions of a worker use TLS (14 kB each), slow clients are told to do without: 454 "
     "4.7.0"},

    {"proxy_protocol.networks",
     ListKind<Config>{"\"NETWORK/PREFIX\"", [](Config& c) { c.front.proxy_protocol.networks.clear(); },
                      add_proxy_network},
     "Load balancers whose connections begin with a PROXY protocol header (version 1 or 2) that names the "
     "client. A header from anybody else is an error, and so is mail from these without one (421 4.3.5, or "
     "451 4.3.5 where the header names nobody). Their health checks are greeted and never judged, and send "
     "no mail (554 5.7.1)."},
    {"proxy_protocol.header_timeout_s",
     integer<Config>([](Config& c) -> auto& { return c.front.proxy_protocol.header_timeout; }, 1, 60),
     "The PROXY header has to be there within this time, or the connection is closed."},
    {"proxy_protocol.check_after_ms",
     or_zero(
         integer<Config>([](Config& c) -> auto& { return c.front.proxy_protocol.check_after; }, 100, 60'000)),
     "A load balancer that sends nothing for so long waits for the greeting, as a health check without a "
     "header does, and gets it; mail is put off then (451 4.3.5). Keep it well below the time-out of the "
     "check (HAProxy: `timeout check`, else `inter`, 2 s). 0 = such a connection is closed after "
     "`header_timeout_s`."},

    {"limits.sessions_max",
     integer<Config>([](Config& c) -> auto& { return c.front.sessions_max; }, 1, 10 * million),
     "Client sessions of one worker; further clients wait in the accept queue. Lowered at start, with a "
     "warning, when the limit of file descriptors does not allow it."},
    {"limits.memory_octets_max",
     or_zero(integer<Config>([](Config& c) -> auto& { return c.front.memory_octets_max; }, 64 << 20,
                             std::int64_t{1} << 40)),
     "Memory of a worker (resident, looked at ten times a second). Above it new clients wait in the accept "
     "queue and new messages hear 452 4.3.1; what is under way goes on. 0 = no limit."},
    {"limits.sessions_per_client_max",
     integer<Config>([](Config& c) -> auto& { return c.front.sessions_per_client_max; }, 0, million),
     "Sessions of one client address (IPv6: of one /64) in one worker; 0 = no limit. 421 4.7.0"},
    {"limits.command_timeout_s",
     integer<Config>([](Config& c) -> auto& { return c.front.command_timeout; }, 1, day_s),
     "Silence between commands; RFC 5321 4.5.3.2.7 asks for 300. 421 4.4.2"},
    {"limits.content_timeout_s",
     integer<Config>([](Config& c) -> auto& { return c.front.content_timeout; }, 1, day_s),
     "Silence within a message. 421 4.4.2"},
    {"limits.session_time_max_s",
     integer<Config>([](Config& c) -> auto& { return c.front.session_time_max; }, 600, day_s,
                     "a slow session may be held back for ten minutes"),
     "The length of a session, however busy it is. 421 4.4.2"},
    {"limits.drain_max_s", integer<Config>([](Config& c) -> auto& { return c.front.drain_max; }, 0, 3600),
     "At SIGTERM, transactions under way get so long to finish."},
    {"limits.command_line_octets_max",
     integer<Config>([](Config& c) -> auto& { return c.front.server.limits.command_line_octets_max; }, 512,
                     65'536, "RFC 5321 4.5.3.1.4"),
     "The length of a command line with its CRLF. 500 5.5.2"},
    {"limits.local_part_octets_max",
     integer<Config>([](Config& c) -> auto& { return c.front.server.limits.local_part_octets_max; }, 64,
                     65'536, "RFC 5321 4.5.3.1.1"),
     "The length of a local part. 501 5.1.3 (recipient), 501 5.1.7 (sender)"},
    {"limits.domain_octets_max",
     integer<Config>([](Config& c) -> auto& { return c.front.server.limits.domain_octets_max; }, 255, 65'536,
                     "RFC 5321 4.5.3.1.2"),
     "The length of a domain. 501 5.1.3 (recipient), 501 5.1.7 (sender)"},
    {"limits.path_octets_max",
     integer<Config>([](Config& c) -> auto& { return c.front.server.limits.path_octets_max; }, 254, 65'536,
                     "RFC 5321 4.5.3.1.3, which counts the brackets"),
     "The length of an address without its brackets. 501 5.1.3 (recipient), 501 5.1.7 (sender)"},
    {"limits.recipients_max",
     integer<Config>([](Config& c) -> auto& { return c.front.server.limits.recipients_max; }, 100, 100'000,
                     "RFC 5321 4.5.3.1.8"),
     "Recipients of a transaction. 452 4.5.3, also where an MTA takes fewer: what it says of that is "
     "believed for four hours."},
    {"limits.message_octets_max",
     integer<Config>([](Config& c) -> auto& { return c.front.server.limits.message_octets_max; }, 65'536,
                     std::int64_t{1} << 40, "RFC 5321 4.5.3.1.7"),
     "The size of a message, as declared at MAIL and as counted. 552 5.3.4"},
    {"limits.text_line_octets_max",
     or_zero(integer<Config>([](Config& c) -> auto& { return c.front.server.limits.text_line_octets_max; },
                             1000, std::int64_t{1} << 30, "RFC 5321 4.5.3.1.6")),
     "The length of a line of a message with its CRLF; 0 = no limit but the message's. 500 5.6.0"},
    {"limits.errors_max",
     integer<Config>([](Config& c) -> auto& { return c.front.server.limits.errors_max; }, 1, million),
     "Refused commands of a session, then 421 4.7.0."},
    {"limits.junk_commands_max",
     integer<Config>([](Config& c) -> auto& { return c.front.server.limits.junk_commands_max; }, 1, million),
     "NOOP, RSET, VRFY, HELP and EHLO without mail between them, then 421 4.7.0."},
    {"limits.transactions_max",
     integer<Config>([](Config& c) -> auto& { return c.front.server.limits.transactions_max; }, 1, million),
     "MAIL commands of a session, then 421 4.7.0."},

    {"pace.reply_s",
     seconds<Config>([](Config& c) -> auto& { return c.front.pace.reply; }, 1, 25,
                     "Haraka, nodemailer and swaks give up after 30 s"),
     "A slow client gets the greeting, and each reply to EHLO, MAIL, RCPT and DATA, in so much time, as a "
     "drip of the octets it has. The reply to a message, and to QUIT, RSET, STARTTLS and AUTH, is never held "
     "back."},
    {"pace.silence_max_s",
     seconds<Config>([](Config& c) -> auto& { return c.front.pace.silence_max; }, 1, 4,
                     "emailjs gives up after 5 s without an octet"),
     "A reply that is stretched to `pace.reply_s` is never silent for longer. Each piece of it wakes a "
     "worker."},
    {"pace.content", choice<Config>([](Config& c) -> auto& { return c.front.pace.content; }, paced_contents),
     "Messages of slow clients are read at `full` speed. With `slow`, those of clients whose score has "
     "reached `policy.thresholds.content_slow` are read at `pace.content_in_bytes_per_s`: an honest sender "
     "among them loses its connection and comes again (docs/guide/pace.md)."},
    {"pace.content_in_bytes_per_s",
     integer<Config>([](Config& c) -> auto& { return c.front.pace.content_in_bytes_per_s; }, 110, million,
                     "a client gives up after 3 minutes when 16 KiB of its message are not read by then (RFC "
                     "5321 4.5.3.2.5)"),
     "Octets of a message that are read in a second, where `pace.content` says so."},
    {"pace.max_delay_s", integer<Config>([](Config& c) -> auto& { return c.front.pace.delay_max; }, 0, 3600),
     "A session is held back for at most this long in all, and then moves at full speed."},
    {"pace.window_octets",
     or_zero(integer<Config>([](Config& c) -> auto& { return c.listening.receive_buffer; }, 4096, million)),
     "The number of octets that a client may send before it feels the pace: the receive buffer of the "
     "listening sockets. Clients at full speed get a wide one before they send content. 0 = the kernel's, "
     "some 90 kB."},
};

const Key<Config> keys_after_policy[] = {
    {"dns.servers",
     ListKind<Config>{"\"ADDRESS\" or \"ADDRESS:PORT\"", [](Config& c) { c.resolver.servers.clear(); },
                      add_dns_server},
     "Name servers to ask; none = those of /etc/resolv.conf. Most DNS lists refuse the large public ones."},
    {"dns.deadline_ms", integer<Config>([](Config& c) -> auto& { return c.resolver.deadline; }, 10, 60'000),
     "The time that one question to DNS may take."},
    {"dns.pending_max",
     integer<Config>([](Config& c) -> auto& { return c.resolver.pending_max; }, 1, million),
     "Questions of a worker under way at once; one more has no answer."},
    {"dns.trust_anchor_file",
     TextKind<Config>{[](Config& c) -> auto& { return c.trust_anchor_file; }, "a file"},
     "The keys by which DNSSEC is validated where an MTA has tls = \"dane-only\": DNSKEY or DS records. The "
     "name servers asked have to pass DNSSEC's records on."},

    {"spool.memory_octets_max",
     integer<Config>([](Config& c) -> auto& { return c.front.spool.memory_octets_max; }, 4096,
                     std::int64_t{1} << 30),
     "A message up to this size waits for the MTA in memory; a larger one in the memory that all share "
     "(`spool.shared_octets_max`), or in an unlinked file."},
    {"spool.shared_octets_max",
     or_zero(integer<Config>([](Config& c) -> auto& { return c.front.spool.shared_octets_max; },
                             spool::SpoolMemory::chunk_octets, std::int64_t{1} << 40)),
     "So much memory of each worker is shared by the larger messages of clients at full speed; a message "
     "that finds none left goes to the file. It is taken when needed, and given back. 0 = none."},
    {"spool.directory",
     TextKind<Config>{[](Config& c) -> auto& { return c.front.spool.directory; }, "a directory"},
     "The directory of the unlinked files that large messages wait in; empty = `spool` in `state_dir`, or "
     "/tmp without one."},

    {"log.format", choice<Config>([](Config& c) -> auto& { return c.log.format; }, log_formats),
     "`json` is one object a line; `pretty` is for people."},
    {"log.destination",
     TextKind<Config>{[](Config& c) -> auto& { return c.log.destination; },
                      "a file, \"stdout\" or \"stderr\"",
                      [](std::string_view text) { return !text.empty(); }},
     "`stdout`, `stderr`, or a file that is opened anew on SIGHUP and SIGUSR1."},
};

const Key<net::TlsChain> chain_rows[] = {
    {"chain", TextKind<net::TlsChain>{[](net::TlsChain& t) -> auto& { return t.chain; }, "a file"},
     "A PEM file with the certificate, and behind it the chain to its authority: certbot's `fullchain.pem`."},
    {"key", TextKind<net::TlsChain>{[](net::TlsChain& t) -> auto& { return t.key; }, "a file"},
     "A PEM file with the private key of the certificate, not encrypted: certbot's `privkey.pem`."},
};

const Key<UpstreamEntry> upstream_rows[] = {
    {"address",
     TextKind<UpstreamEntry>{[](UpstreamEntry& u) -> auto& { return u.address; }, server_address_form,
                             is_server_address},
     "The address where the MTA listens."},
    {"identity",
     choice<UpstreamEntry>([](UpstreamEntry& u) -> auto& { return u.options.identity; }, identities),
     "The way in which the MTA learns who the client is: `auto` and `xclient` by XCLIENT, and an MTA that "
     "does not offer it, or no longer, counts as down (`identity_not_carried` in the log); `proxy_v2` sends "
     "a PROXY header first (a connection for each client); with `none` the MTA takes Sluice for the client, "
     "and a Received header names the true one."},
    {"pooled", BooleanKind<UpstreamEntry>{[](UpstreamEntry& u) -> auto& { return u.options.pooled; }},
     "One connection to the MTA may serve many clients: XCLIENT is authorised for every address there. "
     "`sluice check` tells whether it is."},
    {"takes_any_domain",
     BooleanKind<UpstreamEntry>{[](UpstreamEntry& u) -> auto& { return u.options.takes_any_domain; }},
     "The MTA takes mail for everybody by design, as a sink does, and is not asked whether it relays for "
     "strangers (`relay.pool.relay_check_s`). Never set this for an MTA that sends mail on."},
    {"priority",
     integer<UpstreamEntry>([](UpstreamEntry& u) -> auto& { return u.options.priority; }, 0, 1000),
     "MTAs with a lower number are asked first; equal ones share the load."},
    {"tls",
     choice<UpstreamEntry>([](UpstreamEntry& u) -> auto& { return u.options.tls.level; }, mta_tls_levels),
     "STARTTLS towards the MTA, in the words of Postfix's smtp_tls_security_level: with `may` where it is "
     "offered, whatever the certificate, and without it for ten minutes after a handshake failed; with "
     "`encrypt` always; with `verify` always, and the certificate has to have `tls_name` and a chain to an "
     "authority; with `fingerprint` it or its key has to be known; with `dane-only` it has to match TLSA "
     "records of `tls_name`, secured by DNSSEC. An MTA that cannot be spoken to so counts as down. `auto` is "
     "`may`, and `none` on this machine."},
    {"tls_name",
     TextKind<UpstreamEntry>{[](UpstreamEntry& u) -> auto& { return u.options.tls.name; }, host_name_form,
                             is_host_name_or_empty, "mta.example.org"},
     "The name the MTA is asked for (SNI), which its certificate has to have, or whose TLSA records are "
     "asked for."},
    {"tls_ca_file",
     TextKind<UpstreamEntry>{[](UpstreamEntry& u) -> auto& { return u.options.tls.ca_file; }, "a file"},
     "The authorities for `verify`, in PEM; empty = the system's."},
    {"tls_fingerprints",
     ListKind<UpstreamEntry>{"a SHA-256 digest in hexadecimal",
                             [](UpstreamEntry& u) { u.options.tls.fingerprints.clear(); }, add_fingerprint},
     "For `fingerprint`: the digest of the certificate, as `openssl x509 -fingerprint -sha256` prints it, or "
     "of its public key."},
};

}  // namespace

std::span<const Key<Config>> config_keys() {
    static const std::vector<Key<Config>> keys = [] {
        std::vector<Key<Config>> all(std::begin(keys_before_policy), std::end(keys_before_policy));
        const std::vector<Key<Config>> policy = policy_keys();
        all.insert(all.end(), policy.begin(), policy.end());
        const std::vector<Key<Config>> store = store_keys();
        all.insert(all.end(), store.begin(), store.end());
        all.insert(all.end(), std::begin(keys_after_policy), std::end(keys_after_policy));
        return all;
    }();
    return keys;
}
std::span<const Key<net::TlsChain>> chain_keys() {
    return chain_rows;
}

std::span<const Key<UpstreamEntry>> upstream_keys() {
    return upstream_rows;
}

}  // namespace sluice::app
