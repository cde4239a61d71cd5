// `sluice find`: prints what the log says about one subject, in sentences.
#include <chrono>
#include <cstdio>
#include <fmt/format.h>

#include "app/cli/commands.hpp"
#include "app/config/config.hpp"
#include "app/config/find_config.hpp"
#include "app/inspect/log_file_reader.hpp"
#include "app/inspect/log_query.hpp"
#include "app/inspect/log_since.hpp"
#include "app/inspect/log_story.hpp"
#include "app/inspect/log_table.hpp"
#include "app/process/exit_codes.hpp"
#include "base/shown_text.hpp"

namespace sluice::app {

namespace {

int complain(std::string_view what) {
    fmt::print(stderr, "sluice: {}\n", what);
    return exit_usage;
}

/// The files that the flags name, or the configuration's log with its rotated files. Empty: an error was
/// printed.
std::vector<std::string> files_to_read(const FindFlags& flags, const LogSince& since) {
    if (!flags.files.empty()) return flags.files;
    const auto config = config_or_errors(with_default_config(flags.run));
    if (!config) return {};
    const std::string& destination = config->log.destination;
    if (destination != "stdout" && destination != "stderr") return rotated_logs(destination, since.seconds);
    complain(fmt::format(
        "name the log with --log-file: by its configuration Sluice writes it to {}, and whoever started "
        "Sluice keeps it (`journalctl -u sluice -o cat | sluice find … --log-file -`)",
        destination));
    return {};
}

/// False when not all of them could be read.
bool read_all(const std::vector<std::string>& files, LogStory& story) {
    bool all = true;
    for (const std::string& file : files) {
        const std::string fault = read_log_lines(file, [&](std::string_view line) { story.take(line); });
        if (fault.empty()) continue;
        fmt::print(stderr, "sluice: {}\n", fault);
        all = false;
    }
    return all;
}

}  // namespace

int find_in_log(const FindFlags& flags) {
    if (flags.print_guide) {
        fmt::print("{}", log_guide());
        return exit_ok;
    }
    auto query = LogQuery::parse(flags.what);
    if (!query)
        return complain(fmt::format("say whom to find: {} is no mail address, network (192.0.2.0/24) or name",
                                    flags.what.empty() ? "the empty word" : shown(flags.what)));
    using namespace std::chrono;
    const auto since = flags.since.empty()
                           ? std::optional(LogSince{})
                           : parse_log_since(flags.since, floor<seconds>(system_clock::now()));
    if (!since)
        return complain(
            fmt::format("say --since as 2d, 6h, 2026-11-30 or \"2026-11-30 14:00\" (UTC): {} is neither",
                        shown(flags.since)));
    const std::vector<std::string> files = files_to_read(flags, *since);
    if (files.empty()) return exit_usage;
    LogStory story(*std::move(query), since->text, [](std::string_view text) { fmt::print("{}", text); });
    const bool all = read_all(files, story);
    story.finish();
    if (story.unreadable() > 0)
        fmt::print(stderr,
                   "sluice: {} lines were passed over: they are not what log.format = \"json\" writes\n",
                   story.unreadable());
    return all ? exit_ok : exit_failed;
}

}  // namespace sluice::app
