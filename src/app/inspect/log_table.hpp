// What the log of `sluice run` can say: one row each for its events, for the fields of the two lines that
// tell of clients, and for the words that a field has. The guide (docs/guide/log.md) comes from here.
//
// Tests hold it to the code: one looks for the events that the sources name (log_guide_test.cpp), and the
// end-to-end tests' harness looks at each line that any of them has made a Sluice write.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sluice::app {

struct LogEventRow {
    std::string_view name;
    std::string_view fields;  // beside time and event, with blanks between
    std::string_view help;
};

/// Other than "session" and "transaction". Static storage, as with all of these.
std::span<const LogEventRow> log_events();

struct LogFieldRow {
    std::string_view name;  // "tls.cipher" of a nested object, or of each in a list of them
    std::string_view help;
};

/// Of the line of a session, and of that of a transaction.
std::span<const LogFieldRow> log_session_fields();
std::span<const LogFieldRow> log_transaction_fields();

struct LogWordRow {
    std::string_view word;
    std::string_view help;
};
std::span<const LogWordRow> log_session_outcomes();
std::span<const LogWordRow> log_transaction_outcomes();
/// How the answer to a recipient came about.
std::span<const LogWordRow> log_answerers();
std::span<const LogWordRow> log_stages();

/// docs/guide/log.md.
std::string log_guide();

}  // namespace sluice::app
