#include "app/inspect/log_story.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <iterator>
#include <utility>

#include "app/inspect/log_file_reader.hpp"
#include "app/inspect/log_table.hpp"
#include "base/ascii.hpp"
#include "base/ip.hpp"
#include "base/shown_text.hpp"
#include "policy/client_name.hpp"
#include "policy/greylist.hpp"

namespace sluice::app {

namespace {

namespace json = boost::json;

/// The most recipients that one sentence names.
constexpr std::size_t named_max = 20;

std::int64_t number_of(const json::object& line, std::string_view key) {
    const json::value* const found = line.if_contains(key);
    if (found == nullptr) return 0;
    if (const auto* const number = found->if_int64()) return *number;
    const auto* const unsigned_number = found->if_uint64();
    return unsigned_number == nullptr
               ? 0
               : static_cast<std::int64_t>(std::min<std::uint64_t>(*unsigned_number, INT64_MAX));
}

double real_of(const json::object& line, std::string_view key) {
    const json::value* const found = line.if_contains(key);
    if (found == nullptr) return 0;
    const auto* const real = found->if_double();
    return real != nullptr ? *real : static_cast<double>(number_of(line, key));
}

bool is_true(const json::object& line, std::string_view key) {
    const json::value* const found = line.if_contains(key);
    return found != nullptr && found->is_bool() && found->get_bool();
}

/// Calls `take` with each element of a list.
template <class Take>
void for_each(const json::object& line, std::string_view key, Take take) {
    const json::value* const found = line.if_contains(key);
    if (found == nullptr || !found->is_array()) return;
    for (const json::value& each : found->get_array())
        take(each);
}

std::string shown_text_of(const json::object& line, std::string_view key) {
    return shown(text_of(line, key));
}

/// "2026-11-30 14:02:11 UTC".
std::string moment(std::string_view time) {
    constexpr std::size_t date = 10, seconds = 19;
    if (time.size() < seconds) return shown(time);
    return fmt::format("{} {} UTC", shown(time.substr(0, date)),
                       shown(time.substr(date + 1, seconds - date - 1)));
}

/// Describes the client of a line: "mail.example.org [192.0.2.7], which called itself x".
std::string who(const json::object& line) {
    const std::string name = shown_text_of(line, "name");
    const std::string helo = shown_text_of(line, "helo");
    std::string text = name.empty() ? shown_text_of(line, "client")
                                    : fmt::format("{} [{}]", name, shown_text_of(line, "client"));
    if (!helo.empty() && helo != name) text += fmt::format(", which called itself {}", helo);
    return text;
}

std::string signal_text(const json::object& signal) {
    std::string text = shown_text_of(signal, "signal");
    for (const char* const key : {"what", "value"})
        if (!text_of(signal, key).empty()) text += " " + shown_text_of(signal, key);
    const std::int64_t weight = number_of(signal, "weight");
    if (is_true(signal, "observed")) return fmt::format("{} (only observed)", text);
    return weight == 0 ? text : fmt::format("{} ({:+})", text, weight);
}

/// The reasons for the lane; empty = no signal was noticed.
std::string signals_text(const json::object& line) {
    std::string text;
    for_each(line, "signals", [&](const json::value& each) {
        if (const auto* const signal = each.if_object())
            text += fmt::format("{}{}", text.empty() ? "" : ", ", signal_text(*signal));
    });
    return text;
}

/// The answer as it was sent: "450 4.7.1 Greylisted".
std::string answer_text(const json::object& line) {
    const std::string reply = shown_text_of(line, "reply");
    return fmt::format("{}{}{}", number_of(line, "code"), reply.empty() ? "" : " ", reply);
}

/// The MTA's own reply, where the client was told something else.
std::string mta_reply_text(const json::object& line) {
    const std::string said = shown_text_of(line, "mta_reply");
    return said.empty() ? "" : fmt::format(" (the MTA had said: {})", said);
}

/// The meaning of a word in the log, as in the guide.
std::string_view meaning(std::span<const LogWordRow> rows, std::string_view word) {
    const auto found = std::ranges::find(rows, word, &LogWordRow::word);
    return found == rows.end() ? std::string_view() : found->help;
}

std::string_view answerer(std::string_view by) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 7> names{{
        {"mta", "by the MTA"},
        {"cache", "by the MTA, when it was asked before"},
        {"list", "by the list of recipients"},
        {"off", "by Sluice"},
        {"none", "by Sluice, which could ask no MTA"},
        {"policy", "by Sluice, because of its lane"},
        {"greylist", "by Sluice's greylist"},
    }};
    const auto found = std::ranges::find(names, by, &std::pair<std::string_view, std::string_view>::first);
    return found == names.end() ? "by somebody" : found->second;
}

std::string address_text(std::string_view address) {
    return fmt::format("<{}>", shown(address));
}

/// Calls `take` with each accepted recipient.
template <class Take>
void for_each_recipient(const json::object& line, Take take) {
    for_each(line, "recipients", [&](const json::value& each) {
        if (const auto* const text = each.if_string()) take(std::string_view(text->data(), text->size()));
    });
}

/// The recipients that were accepted.
std::string recipients_text(const json::object& line) {
    std::string text;
    std::size_t count = 0;
    for_each_recipient(line, [&](std::string_view recipient) {
        if (++count > named_max) return;
        text += fmt::format("{}{}", text.empty() ? "" : ", ", address_text(recipient));
    });
    if (count > named_max)
        text += fmt::format(" and {} {}", count - named_max, count == named_max + 1 ? "other" : "others");
    return text;
}

bool was_delivered(const json::object& line) {
    return text_of(line, "outcome").starts_with("delivered");
}

/// The client's origin as the greylist knows it: a large sender comes again from another address of its own.
std::string origin_of(const json::object& line) {
    const std::string_view text = text_of(line, "client"), name = text_of(line, "name");
    const auto client = IpAddress::parse(text);
    return client ? policy::greylist_origin(*client, name, policy::looks_dynamic(name, *client))
                  : std::string(text);
}

std::string letter_key(const json::object& line, std::string_view recipient) {
    // All bounces share one sender, so the client's origin is what tells them apart.
    const std::string_view sender = text_of(line, "sender");
    return ascii::to_lower(sender) + '\n' + ascii::to_lower(recipient) +
           (sender.empty() ? '\n' + origin_of(line) : "");
}

}  // namespace

LogStory::LogStory(LogQuery query, std::string since, std::function<void(std::string_view)> tell)
    : query_(std::move(query)), since_(std::move(since)), tell_(std::move(tell)) {}

void LogStory::take(std::string_view line) {
    static constexpr std::string_view begin = R"({"time":")";
    if (line.empty()) return;
    if (!line.starts_with(begin)) {
        ++unreadable_;
        return;
    }
    if (line.substr(begin.size(), since_.size()) < since_) return;
    boost::system::error_code error;
    const json::value value = json::parse(json::string_view(line.data(), line.size()), error);
    if (error.failed() || !value.is_object()) {
        ++unreadable_;
        return;
    }
    take_object(value.get_object());
}

void LogStory::take_object(const json::object& line) {
    const std::string_view event = text_of(line, "event");
    if (event == "log_lines_dropped") return tell_missing(line);
    if (event == "transaction") return query_.matches(line) ? tell_transaction(line) : note_delivered(line);
    if (event == "session" && !query_.is_address() && query_.matches(line)) tell_session(line);
}

void LogStory::tell_missing(const json::object& line) {
    tell_(fmt::format("{}  {} lines of the log are missing here.\n", moment(text_of(line, "time")),
                      number_of(line, "lines")));
}

void LogStory::tell_head(const json::object& line) {
    const std::string lane = shown_text_of(line, "lane");
    const std::string would_be = shown_text_of(line, "would_be");
    const bool again = line.contains("would_be_greylisted");
    const std::string signals = signals_text(line);
    tell_(fmt::format("{}  {}  (session {})\n", moment(text_of(line, "time")), who(line),
                      shown_text_of(line, "session")));
    tell_(fmt::format("    It was in the {} lane{}{}: {}.\n", lane,
                      would_be.empty() ? "" : fmt::format(" and would have been in the {} lane", would_be),
                      again ? ", and asked to come again" : "",
                      signals.empty() ? "nothing was noticed about it" : signals));
}

void LogStory::tell_transaction(const json::object& line) {
    ++transactions_;
    tell_head(line);
    const std::string sender = address_text(text_of(line, "sender"));
    tell_(fmt::format("    It had a mail from {}{}.\n", sender,
                      text_of(line, "sender").empty() ? " (a bounce)" : ""));
    for_each(line, "refused", [&](const json::value& each) {
        const auto* const refused = each.if_object();
        if (refused == nullptr) return;
        tell_refused(*refused);
        if (number_of(*refused, "code") / 100 == 4) note_waiting(line, text_of(*refused, "recipient"));
    });
    tell_recipients(line);
    tell_("\n");
}

void LogStory::tell_refused(const json::object& refused) {
    const bool later = number_of(refused, "code") / 100 == 4;
    tell_(fmt::format("    {} was {} {}: {}{}.\n", address_text(text_of(refused, "recipient")),
                      later ? "put off" : "refused", answerer(text_of(refused, "by")), answer_text(refused),
                      mta_reply_text(refused)));
}

/// Tells the outcome for the accepted recipients.
void LogStory::tell_recipients(const json::object& line) {
    const std::string recipients = recipients_text(line);
    const std::string_view outcome = text_of(line, "outcome");
    const std::string mta = shown_text_of(line, "mta");
    const std::string by = mta.empty() ? "Sluice" : fmt::format("the MTA at {}", mta);
    const bool answered = number_of(line, "code") != 0;
    if (!answered) {
        const std::string_view why = meaning(log_transaction_outcomes(), outcome);
        tell_(fmt::format("    {}{}: {}\n", recipients.empty() ? "" : recipients + " got nothing. ",
                          fmt::format("It ended as {}", shown(outcome)), why.empty() ? "." : why));
        return;
    }
    const bool delivered = was_delivered(line);
    if (delivered) ++delivered_;
    std::string_view word = "refused";
    if (delivered) word = outcome == "delivered" ? "delivered" : "delivered already when it came before";
    if (outcome == "deferred") word = "put off";
    tell_(fmt::format("    For {} it was {}: {} answered {}{}.{}\n", recipients, word, by, answer_text(line),
                      mta_reply_text(line),
                      is_true(line, "untold") ? " The client had gone before it could hear so." : ""));
    for_each_recipient(line, [&](std::string_view recipient) {
        if (delivered) tell_waited(line, recipient);
        if (outcome == "deferred") note_waiting(line, recipient);
    });
}

/// Notes a delivery even in a line that the query does not match: the next attempt may come from another
/// client, or for only some of the recipients.
void LogStory::note_delivered(const json::object& line) {
    if (waiting_.empty() || !was_delivered(line)) return;
    for_each_recipient(line,
                       [&](std::string_view recipient) { waiting_.erase(letter_key(line, recipient)); });
}

void LogStory::note_waiting(const json::object& line, std::string_view recipient) {
    const bool asked_for =
        !query_.is_address() || query_.is_about(recipient) || query_.is_about(text_of(line, "sender"));
    if (!asked_for) return;
    const std::string key = letter_key(line, recipient);
    const auto found = waiting_.find(key);
    if (found == waiting_.end() && waiting_.size() >= waiting_max) return;
    Waiting& waiting = waiting_[key];
    if (++waiting.attempts == 1) waiting.since = text_of(line, "time");
}

void LogStory::tell_waited(const json::object& line, std::string_view recipient) {
    const auto found = waiting_.find(letter_key(line, recipient));
    if (found == waiting_.end()) return;
    // The log knows only the sender and the recipient of a message, not the message itself.
    tell_(fmt::format("    {} for {} had been put off {} {} before, first at {}.\n",
                      text_of(line, "sender").empty() ? "A bounce from this client or its neighbours"
                                                      : "Mail from this sender",
                      address_text(recipient), found->second.attempts,
                      found->second.attempts == 1 ? "time" : "times", moment(found->second.since)));
    waiting_.erase(found);
}

/// Tells nothing about a session whose transactions have told it all.
void LogStory::tell_session(const json::object& line) {
    const std::string_view outcome = text_of(line, "outcome");
    if (number_of(line, "transactions") > 0 && (outcome == "quit" || outcome == "greylisted")) return;
    ++sessions_;
    tell_head(line);
    const std::string_view how = meaning(log_session_outcomes(), outcome);
    const std::string_view stage = meaning(log_stages(), text_of(line, "stage"));
    const std::int64_t mails = number_of(line, "transactions");
    tell_(fmt::format(
        "    It began {} and delivered {}, and stayed for {:.1f} s ({:.1f} s of them held back).\n",
        mails == 0   ? "no mail"
        : mails == 1 ? "one mail"
                     : fmt::format("{} mails", mails),
        number_of(line, "messages"), real_of(line, "seconds"), real_of(line, "held_s")));
    if (!stage.empty()) tell_(fmt::format("    How far it came: {}\n", stage));
    tell_(fmt::format("    How it ended ({}): {}\n", shown(outcome), how));
    if (number_of(line, "code") != 0)
        tell_(fmt::format("    Sluice's last words were: {}.\n", answer_text(line)));
    if (!text_of(line, "bot").empty())
        tell_(fmt::format("    The bot {} leaves like that.\n", shown_text_of(line, "bot")));
    tell_("\n");
}

void LogStory::finish() {
    if (told() == 0) return tell_("Nothing is found.\n");
    tell_(fmt::format(
        "Found: {} {}, {} of them delivered{}.\n", transactions_,
        transactions_ == 1 ? "transaction" : "transactions", delivered_,
        sessions_ == 0 ? "" : fmt::format(", and {} sessions that tell of something else", sessions_)));
    for (const auto& [key, waiting] : waiting_) {
        const std::size_t cut = key.find('\n');
        const std::string_view recipient = std::string_view(key).substr(cut + 1);
        tell_(fmt::format("Not delivered so far: from {} to {}, put off {} {}, first at {}.\n",
                          address_text(std::string_view(key).substr(0, cut)),
                          address_text(recipient.substr(0, recipient.find('\n'))), waiting.attempts,
                          waiting.attempts == 1 ? "time" : "times", moment(waiting.since)));
    }
}

}  // namespace sluice::app
