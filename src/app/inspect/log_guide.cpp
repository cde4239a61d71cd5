// Makes docs/guide/log.md from the tables.
#include <fmt/format.h>
#include <iterator>

#include "app/inspect/log_table.hpp"

namespace sluice::app {

namespace {

constexpr std::string_view introduction = R"(# The log

(`sluice find --print-guide` prints this page; a test compares the two.)

Sluice writes one line for each session when it ends, one for each transaction (a mail, or an attempt at one), and one for each event of its
own. By default a line is one JSON object (`log.format = "json"`), and goes to standard output or to the file that `log.destination` names.

**"Where is his mail?"** `sluice find` reads the log, rotated and compressed files too, and tells what happened in sentences:

```sh
sluice find alice@example.org                 # a sender or a recipient, or all of a domain: @example.org
sluice find 192.0.2.0/24 --since 2d           # a client, or a network
sluice find mail.example.org                  # what a client called itself, or its confirmed name
```

It reads the file that `log.destination` of the configuration names and those that logrotate has made of it (`NAME.1`, `NAME.2.gz`,
`NAME-20261130.gz`), or the files that are given with `--log-file`; `-` is standard input:
`journalctl -u sluice -o cat --since -2d | sluice find alice@example.org --log-file -`.

Texts of strangers are escaped: whatever a client says, it can neither forge a line or a field nor act on a terminal.

## A full disk

Mail does not wait for the log. Lines that the disk does not take stay in memory, 4 MiB in each process, and are written when there is room:
`log_resumed` says how long that took. Lines that do not fit are lost and counted: `log_lines_dropped` stands where the lines are
missing, and `sluice_log_lines_lost_total` ([metrics.md](metrics.md)) counts those of workers. A line is in the file whole or not at all; if a process
was killed in the midst of one, or the machine lost power, the half line is ended before the next begins.

After a rotation send the supervisor SIGUSR1 (`postrotate` in logrotate's file): it opens the file anew, for its workers as well.

)";

std::string section(std::string_view title, std::string_view head, std::string_view text = "") {
    return fmt::format("## {}\n\n{}{}| {} | meaning |\n|---|---|\n", title, text, text.empty() ? "" : "\n\n",
                       head);
}

void add_row(std::string& page, std::string_view name, std::string_view help) {
    fmt::format_to(std::back_inserter(page), "| `{}` | {} |\n", name, help);
}

void add_words(std::string& page, std::string_view title, std::string_view head,
               std::span<const LogWordRow> words) {
    page += section(title, head);
    for (const LogWordRow& row : words)
        add_row(page, row.word, row.help);
    page += '\n';
}

std::string fields_text(std::string_view fields) {
    std::string text;
    while (!fields.empty()) {
        const std::size_t end = std::min(fields.find(' '), fields.size());
        fmt::format_to(std::back_inserter(text), "{}`{}`", text.empty() ? "" : ", ", fields.substr(0, end));
        fields.remove_prefix(std::min(end + 1, fields.size()));
    }
    return text;
}

}  // namespace

std::string log_guide() {
    std::string page(introduction);
    page += section("The line of a session", "field",
                    "A field that is absent is not known, or not so. A name with a dot is a field of an "
                    "object, or of each object in a list.");
    for (const LogFieldRow& row : log_session_fields())
        add_row(page, row.name, row.help);
    page += '\n';
    page += section("The line of a transaction", "field",
                    "The line begins as that of its session: `time`, `event` (`transaction`), `session`, "
                    "`client`, `port`, `name`, `helo`, `lane`, `would_be`, `tls`, and has the session's "
                    "`signals`.");
    for (const LogFieldRow& row : log_transaction_fields())
        add_row(page, row.name, row.help);
    page += '\n';
    add_words(page, "How a session ends", "outcome", log_session_outcomes());
    add_words(page, "How far it came", "stage", log_stages());
    add_words(page, "What comes of a transaction", "outcome", log_transaction_outcomes());
    add_words(page, "Who answered", "by", log_answerers());
    page +=
        "## Events\n"
        "\n"
        "Each has `time` and `event`; `worker` is the number of the worker that tells, `who` the MTA or "
        "file, `why` a sentence.\n"
        "\n"
        "| event | fields | meaning |\n"
        "|---|---|---|\n";
    for (const LogEventRow& row : log_events())
        fmt::format_to(std::back_inserter(page), "| `{}` | {} | {} |\n", row.name, fields_text(row.fields),
                       row.help);
    return page;
}

}  // namespace sluice::app
