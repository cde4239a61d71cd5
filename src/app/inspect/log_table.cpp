#include "app/inspect/log_table.hpp"

namespace sluice::app {

namespace {

constexpr LogEventRow events[] = {
    // Sluice as a whole
    {"started", "version pid hostname listen mta workers",
     "The supervisor has bound its addresses and is about to start its workers."},
    {"draining", "", "Sluice was asked to end: no new sessions, and those that are open come to their end."},
    {"ended", "exit_code", "The last line of a Sluice."},
    {"runs_as_root", "why", "Workers have root's rights, because `user` is not set."},
    {"user_not_changed", "why",
     "Workers run as the user who has started Sluice, although `user` names another."},
    {"sandbox_incomplete", "missing", "This kernel does not have all the parts of the workers' sandbox."},
    {"sessions_lowered", "why descriptors sessions_max sessions_max_now",
     "There are too few file descriptors for `limits.sessions_max`; `sessions_max_now` holds instead."},
    {"control_unavailable", "why", "`sluice reload`, `upgrade` and `metrics` will not find this Sluice."},
    // Changes
    {"reloaded", "generation workers", "The configuration was read again, and new workers serve by it."},
    {"reload_refused", "why", "The new configuration is wrong: the old one goes on."},
    {"certificates_read", "generation workers",
     "Certificates have changed on disk, and new workers serve with them."},
    {"certificates_unusable", "why",
     "Certificates have changed on disk and cannot be used; the old ones go on."},
    {"upgrade_started", "pid", "A new program has been started to take over."},
    {"upgraded", "pid", "The new program serves; this one ends when its last sessions have."},
    {"upgrade_refused", "why", "The new program could not take over: the old one goes on."},
    // Workers
    {"worker_started", "worker pid", "A worker serves."},
    {"worker_ended", "worker sessions_left", "A worker has ended as it was asked to."},
    {"worker_cannot_start", "worker why", "A worker has given up before it served anybody."},
    {"worker_broke", "worker why",
     "A worker has found itself in a state that cannot be, and ends; please report it."},
    {"worker_died", "worker pid signal exit_code restart_in_ms",
     "A worker has ended without being asked to. Its sessions were cut, and their clients come again."},
    {"worker_hung", "worker pid silent_s", "A worker gave no sign of life for so long, and is killed."},
    {"worker_crash_loop", "worker deaths", "A worker dies again and again: it is started ever later."},
    {"worker_not_forked", "worker errno", "The kernel gives no process for a worker; it is tried again."},
    {"workers_killed", "generation", "Workers that did not end in time were killed."},
    // Load
    {"pressure", "worker why", "A worker has come to this step of overload (`policy.overload`)."},
    {"memory_tight", "worker why",
     "A worker has as much in memory as it may: mail that would need more is put off with 452."},
    {"memory_enough", "worker why", "The worker has room in memory again."},
    // The log
    {"log_lines_dropped", "lines total",
     "So many lines are missing here: the disk was full, or nobody read them, for longer than a process's "
     "buffer of 4 MiB lasts; `total` since that process started."},
    {"log_resumed", "why seconds",
     "The file could not be written for so long. Lines were kept and are all here, but for those that "
     "`log_lines_dropped` counts."},
    {"log_not_reopened", "pid",
     "After a rotation the log goes on in the old file: the new one cannot be opened."},
    // MTAs
    {"mta_up", "worker who why", "An MTA can be reached, for the first time or again."},
    {"mta_down", "worker who why",
     "An MTA cannot be reached, or may not be used; clients wait, or hear 451."},
    {"mta_tls_failed", "worker who why",
     "A handshake with an MTA failed; it is spoken to without TLS for a while, as `tls` allows."},
    {"mta_greeting_late", "worker who why",
     "An MTA does not greet a connection while it serves others: it may have too few processes."},
    {"mta_relays_for_strangers", "worker who why",
     "An MTA would be an open relay with Sluice before it; it gets no mail until it is changed."},
    {"mta_relay_check_unanswered", "worker who why",
     "An MTA breaks off when asked whether it relays for strangers; that is taken for a no."},
    {"identity_not_carried", "worker who why",
     "An MTA does not let us say who the client is; it gets no mail until it is changed."},
    {"identity_none", "worker who why", "An MTA is not told who the clients are, as it is configured."},
    {"identity_refused", "worker who why",
     "An MTA does not take the identity of one client; that client is put off."},
    {"recipient_limit_learned", "worker who why",
     "An MTA takes no more recipients in a transaction than `why` says."},
    {"list_reloaded", "worker who why", "The file of recipients has changed and was read."},
    {"list_unreadable", "worker who why",
     "The file of recipients cannot be read; the list that was read last goes on."},
    // DNS and load balancers
    {"dns_list_unusable", "worker why",
     "A DNS list refuses to serve us, or lists everybody; it is not believed."},
    {"dns_list_usable", "worker why", "A DNS list answers as it should again."},
    {"proxy_header_fault", "worker why",
     "A load balancer sends no usable PROXY header ([balancers.md](balancers.md))."},
    // The store
    {"store_started", "pid store", "The store process serves: `local` keeps files, `redis` asks a Redis."},
    {"store_ended", "pid", "The store process has ended as it was asked to."},
    {"store_died", "pid signal exit_code restart_in_ms",
     "The store process is gone and will be started again; mail goes on without."},
    {"store_not_forked", "errno", "The kernel gives no process for the store; it is tried again."},
    {"store_broke", "why", "The store process has met a fault that it cannot go on with, and ends."},
    {"store_unavailable", "why", "There is no store; mail goes on without."},
    {"store_up", "worker why", "The store answers, for the first time or again."},
    {"store_slow", "worker why",
     "The store does not answer within `state.deadline_ms`; mail goes on without."},
    {"store_down", "worker why",
     "The store cannot be reached, or the Redis behind it cannot; mail goes on without."},
    {"store_damaged", "why", "The database could not be read: a new one is begun, the old one put aside."},
    {"store_write_failed", "why", "The database cannot be written; what is new is kept in memory only."},
    {"store_written_again", "why", "The database can be written again."},
    {"store_refused", "why", "A Redis does not do what it is asked to, in its words."},
    {"acts_not_read", "worker why",
     "The acts of operators could not be read: a worker begins without them, or Redis cannot be asked and "
     "this machine goes by those that it keeps; they are asked for again."},
    {"acts_read", "why", "The acts of operators have been read since."},
    {"acts_put_back", "why", "A Redis that had lost acts of operators has them again."},
    {"acts_not_kept", "why",
     "This machine cannot keep the acts of operators itself, and goes by those in Redis."},
    {"act", "network act", "`sluice allow` or `sluice block` has set an act on a network."},
    {"act_ended", "network act", "An act on a network holds no longer."},
    {"operator_changed", "user command records",
     "A command has changed records; `user` is the number of the user who ran it."},
};

constexpr LogFieldRow session_fields[] = {
    {"time", "The time at which the line was made, in UTC: the session's end."},
    {"event", "`session`."},
    {"session", "The session's name, the same in the lines of its transactions."},
    {"client", "The client's address; behind a load balancer as the PROXY header told it."},
    {"port", "The client's port."},
    {"name", "The client's name, if its address has one in DNS and that name leads back to the address."},
    {"helo", "The name that the client gave in HELO or EHLO."},
    {"lane",
     "The lane that the client was in: `fast` (straight through), `slow`, `defer` (450 for each recipient), "
     "`reject` (550)."},
    {"would_be", "The lane that the client would have been in, with `policy.mode = \"observe\"`."},
    {"would_be_greylisted",
     "`true`: with `policy.mode = \"observe\"`, the client would have been asked to come again with one of "
     "its mails (`policy.greylist`)."},
    {"tls", "The encryption of the connection; absent where there was none."},
    {"tls.version", "The version of TLS."},
    {"tls.cipher", "The cipher of TLS."},
    {"tls.bits", "The length of the cipher's key."},
    {"asn",
     "The number of the network (AS) that the client is in, where there is a register "
     "([memory.md](memory.md))."},
    {"country", "The client's country, where there is a register."},
    {"outcome", "The way in which the session ended, a word of the table below."},
    {"stage", "The stage that the session came to, a word of the table below."},
    {"code",
     "The code of the reply with which Sluice closed the session; absent after QUIT, and when the client "
     "left."},
    {"reply", "The text of the reply with which Sluice closed the session."},
    {"bot", "The bot of `policy.bots` that leaves as this client left."},
    {"seconds", "The time that the session lasted."},
    {"held_s", "The seconds for which the pace of the slow lane held the session back."},
    {"octets_in", "The number of octets that the client sent."},
    {"octets_out", "The number of octets that the client was sent."},
    {"transactions", "The number of mails that the client began (MAIL)."},
    {"messages", "The number of mails that were delivered."},
    {"untold", "`true`: the last mail was delivered, and the client had gone before it could hear so."},
    {"recipients_accepted", "The number of recipients that were accepted."},
    {"recipients_refused", "The number of recipients that were not accepted."},
    {"score", "The sum of the signals' weights."},
    {"signals",
     "The signals that the client showed ([signals.md](signals.md)), and the questions that had no answer "
     "(`dns_error`, `dns_list_error`)."},
    {"signals.signal", "The signal's name, or that of the operator's list which decides."},
    {"signals.what", "The source of the signal: a DNS list, a network."},
    {"signals.value", "The value that was seen: the list's answer, the name."},
    {"signals.weight", "The signal's weight; below zero it speaks for the client."},
    {"signals.observed", "`true`: the signal is only watched, and does not count."},
    {"reached_ms", "The time at which the session came to each stage, in milliseconds since the connection."},
};

constexpr LogFieldRow transaction_fields[] = {
    {"would_be_greylisted",
     "`true`: with `policy.mode = \"observe\"`, the client would have been asked to come again with this "
     "mail. A first attempt is not remembered then, so that a mail that comes again is marked as well, "
     "although it would have passed."},
    {"sender", "The address in MAIL; empty for a bounce."},
    {"recipients", "The recipients that were accepted."},
    {"recipients_refused", "The number of recipients that were not accepted; absent if none."},
    {"refused", "The first twenty recipients that were not accepted."},
    {"refused.recipient", "The refused recipient's address."},
    {"refused.code", "The code that the client was answered about this recipient."},
    {"refused.reply", "The text of that answer."},
    {"refused.by", "The source of the answer, a word of the table below."},
    {"refused.mta_reply", "The MTA's own words, where the client was told something else."},
    {"octets", "The size of the message, as far as it came."},
    {"outcome", "The outcome of the transaction, a word of the table below."},
    {"untold", "`true`: the mail was delivered, and the client had gone before it could hear so."},
    {"code",
     "The code that the client was answered at the end of the message; absent if it did not come to that."},
    {"reply",
     "The text of the answer at the end of the message: the MTA's, often with its queue's name for the "
     "mail."},
    {"mta", "The MTA that gave the answer."},
    {"mta_reply", "The MTA's own words, where the client was told something else."},
    {"seconds.envelope", "The time from MAIL to the first octet of the message, or to the end."},
    {"seconds.content", "The time that the message took to come."},
    {"seconds.delivery", "The time that the MTA took for the message."},
    {"seconds", "The times that the parts of the transaction took."},
};

constexpr LogWordRow session_outcomes[] = {
    {"quit", "The client said QUIT."},
    {"left", "The client closed the connection without QUIT, or reset it."},
    {"timed_out", "The client was silent for too long, or stayed too long: 421 4.4.2."},
    {"refused", "Sluice closed the session; `code` and `reply` say in what words."},
    {"shutdown", "Sluice was ending: 421 4.3.2."},
    {"tls_failed", "The client said STARTTLS, and no handshake came of it."},
    {"greylisted", "The client quit or left after it had been asked to come again, and delivered nothing."},
};

constexpr LogWordRow transaction_outcomes[] = {
    {"delivered", "The MTA has the message, and said 250."},
    {"delivered_before",
     "The same message had been delivered when the client had gone; it was answered again, not delivered "
     "again."},
    {"deferred", "The transaction was put off for now (4yz); the client will try again."},
    {"refused", "The transaction was refused for good (5yz), or a line of the client's was too long."},
    {"greylisted", "The client was asked to come again in a while, and did not go on."},
    {"rset", "The client took the transaction back (RSET)."},
    {"helo", "The client began anew with HELO or EHLO."},
    {"quit", "The client said QUIT before it sent a message: often because all recipients were refused."},
    {"too_big", "The message was bigger than may be."},
    {"bare_newline", "The message had line ends that SMTP does not know, as those who smuggle mail send."},
    {"limits", "The client made too many errors, or too many transactions."},
    {"left", "The client was gone before the end."},
    {"timed_out", "The client was silent for too long."},
    {"shutdown", "Sluice was ending."},
    {"tls_failed", "The encrypted connection broke."},
};

constexpr LogWordRow answerers[] = {
    {"mta", "The MTA, just then."},
    {"cache", "The MTA, when it was asked before."},
    {"list", "`recipients.list_file`."},
    {"off", "Nobody: recipients are not verified."},
    {"none", "Sluice, in its own words: no MTA could be asked, or Sluice itself could not go on."},
    {"policy", "Sluice, because of the lane: the signals say why."},
    {"greylist", "Sluice, because it has not seen the letter before."},
};

constexpr LogWordRow stages[] = {
    {"connect", "The client was connected, and not greeted yet."},
    {"greeting", "The client was being greeted."},
    {"helo", "The client said HELO or EHLO."},
    {"mail", "The client named a sender."},
    {"rcpt", "The client named a recipient."},
    {"data", "The client may send a message."},
    {"message", "The client has sent a message to its end."},
};

}  // namespace

std::span<const LogEventRow> log_events() {
    return events;
}
std::span<const LogFieldRow> log_session_fields() {
    return session_fields;
}
std::span<const LogFieldRow> log_transaction_fields() {
    return transaction_fields;
}
std::span<const LogWordRow> log_session_outcomes() {
    return session_outcomes;
}
std::span<const LogWordRow> log_transaction_outcomes() {
    return transaction_outcomes;
}
std::span<const LogWordRow> log_answerers() {
    return answerers;
}
std::span<const LogWordRow> log_stages() {
    return stages;
}

}  // namespace sluice::app
