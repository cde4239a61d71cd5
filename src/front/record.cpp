#include "front/record.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>

#include "base/decimal.hpp"

namespace sluice::front {

namespace {

constexpr std::array<std::string_view, 7> outcome_names{"quit",     "left",       "timed_out", "refused",
                                                        "shutdown", "tls_failed", "greylisted"};

double seconds(Millis span) {
    return static_cast<double>(span.count()) / 1000.0;
}

void append_who(LogLine& line, const SessionFacts& facts, bool would_be_greylisted) {
    fmt::basic_memory_buffer<char, 64> session;
    fmt::format_to(std::back_inserter(session), "{}.{:x}", facts.session.instance, facts.session.number);
    line.text("session", {session.data(), session.size()}).text("client", facts.client.address.to_string());
    line.number("port", facts.client.port);
    if (!facts.name.empty()) line.text("name", facts.name);
    if (!facts.helo.empty()) line.text("helo", facts.helo);
    line.text("lane", policy::name_of(facts.lane));
    if (facts.would_be) line.text("would_be", policy::name_of(*facts.would_be));
    if (would_be_greylisted) line.boolean("would_be_greylisted", true);
    if (!facts.tls) return;
    line.open_object("tls").text("version", facts.tls->version).text("cipher", facts.tls->cipher);
    line.number("bits", facts.tls->bits).close();
}

void append_signals(LogLine& line, const std::vector<policy::Signal>& signals) {
    line.open_list("signals");
    for (const auto& signal : signals) {
        line.open_object("").text("signal", signal.name);
        if (!signal.what.empty()) line.text("what", signal.what);
        if (!signal.value.empty()) line.text("value", signal.value);
        line.number("weight", signal.weight);
        if (!signal.counted) line.boolean("observed", true);
        line.close();
    }
    line.close();
}

void append_recipients(LogLine& line, const smtp::Envelope& envelope, const TransactionRecord& record) {
    line.open_list("recipients");
    for (const auto& recipient : envelope.recipients)
        line.text("", recipient.address);
    line.close();
    if (record.recipients_refused == 0) return;
    line.number("recipients_refused", record.recipients_refused);
    line.open_list("refused");
    for (const auto& refused : record.refused) {
        line.open_object("").text("recipient", refused.address).number("code", refused.code);
        if (!refused.reply.empty()) line.text("reply", refused.reply);
        line.text("by", refused.by);
        if (!refused.mta_reply.empty()) line.text("mta_reply", refused.mta_reply);
        line.close();
    }
    line.close();
}

void append_times(LogLine& line, const TransactionRecord& record, Instant now) {
    const bool content = record.content_began != Instant{};
    const bool complete = record.content_ended != Instant{};
    const Instant envelope_ended = content ? record.content_began : now;
    line.open_object("seconds").real("envelope", seconds(envelope_ended - record.began));
    if (content)
        line.real("content", seconds((complete ? record.content_ended : now) - record.content_began));
    if (complete) line.real("delivery", seconds(now - record.content_ended));
    line.close();
}

/// Appends a reply in wire form: its code, and its text in one line.
void append_farewell(LogLine& line, std::string_view wire) {
    constexpr std::size_t code_digits = 3;
    const std::string_view first = wire.substr(0, wire.find('\r'));
    const auto code = parse_decimal<unsigned>(first.substr(0, code_digits));
    if (!code || first.size() <= code_digits) return;
    line.number("code", *code).text("reply", first.substr(code_digits + 1));
}

}  // namespace

std::string_view name_of(Outcome outcome) {
    return outcome_names.at(static_cast<std::size_t>(outcome));
}

void SessionRecord::reach(Stage reached, Millis since_connect) {
    stage = std::max(stage, reached);
    auto& at = reached_ms.at(static_cast<std::size_t>(reached) - 1);
    if (at == not_reached)
        at = static_cast<std::uint32_t>(std::min<Millis::rep>(since_connect.count(), not_reached - 1));
}

void append_session_line(LogFormat format, std::string& out, WallTime time, const SessionFacts& facts,
                         const SessionRecord& record) {
    LogLine line(format, out, time, "session");
    append_who(line, facts, record.would_be_greylisted);
    if (facts.place.asn != 0) line.number("asn", facts.place.asn);
    if (facts.place.knows_country()) line.text("country", country_name(facts.place));
    line.text("outcome", name_of(facts.outcome)).text("stage", name_of(record.stage));
    append_farewell(line, facts.farewell);
    if (!facts.bot.empty()) line.text("bot", facts.bot);
    line.real("seconds", seconds(facts.lasted)).real("held_s", seconds(facts.held));
    line.number("octets_in", static_cast<std::int64_t>(record.octets_in));
    line.number("octets_out", static_cast<std::int64_t>(record.octets_out));
    line.number("transactions", record.transactions).number("messages", record.messages_accepted);
    if (facts.unheard) line.boolean("untold", true);
    line.number("recipients_accepted", record.recipients_accepted);
    line.number("recipients_refused", record.recipients_refused);
    line.number("score", facts.score);
    append_signals(line, facts.signals);
    line.open_object("reached_ms");
    for (std::size_t stage = 1; stage < stages; ++stage) {
        if (record.reached_ms.at(stage - 1) != SessionRecord::not_reached) {
            line.number(name_of(static_cast<Stage>(stage)), record.reached_ms.at(stage - 1));
        }
    }
    line.finish();
}

void append_transaction_line(LogFormat format, std::string& out, WallTime time, const SessionFacts& facts,
                             const smtp::Envelope& envelope, const TransactionRecord& record,
                             const TransactionEnd& end) {
    LogLine line(format, out, time, "transaction");
    append_who(line, facts, record.would_be_greylisted);
    line.text("sender", envelope.sender);
    append_recipients(line, envelope, record);
    line.number("octets", static_cast<std::int64_t>(end.octets)).text("outcome", end.outcome);
    if (record.untold) line.boolean("untold", true);
    if (end.answer != nullptr) {
        line.number("code", end.answer->reply.code).text("reply", end.answer->reply.text);
        if (!end.answer->mta.empty()) line.text("mta", end.answer->mta);
        if (!end.answer->mta_reply.empty()) line.text("mta_reply", end.answer->mta_reply);
    }
    append_signals(line, facts.signals);
    append_times(line, record, end.now);
    line.finish();
}

}  // namespace sluice::front
