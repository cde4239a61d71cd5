// All that the log of `sluice run` can contain: a row for each event, for each field of the two lines about
// clients, and for each word that a field can have. The guide (docs/guide/log.md) is made from these tables.
//
// Tests compare them with the code: log_guide_test.cpp looks for the events that the sources name, and the
// harness of the end-to-end tests checks each line that a Sluice writes in any of them.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sluice::app {

struct LogEventRow {
    std::string_view name;
    std::string_view fields;  // beside time and event, separated by blanks
    std::string_view help;
};

/// The events other than "session" and "transaction". Static storage, as for all of these tables.
std::span<const LogEventRow> log_events();

struct LogFieldRow {
    std::string_view name;  // "tls.cipher" in a nested object, or in each element of a list of them
    std::string_view help;
};

/// The fields of a session's line, and those of a transaction's.
std::span<const LogFieldRow> log_session_fields();
std::span<const LogFieldRow> log_transaction_fields();

struct LogWordRow {
    std::string_view word;
    std::string_view help;
};
std::span<const LogWordRow> log_session_outcomes();
std::span<const LogWordRow> log_transaction_outcomes();
/// The words for who decided the answer to a recipient.
std::span<const LogWordRow> log_answerers();
std::span<const LogWordRow> log_stages();

/// The text of docs/guide/log.md.
std::string log_guide();

}  // namespace sluice::app
