#include "app/check/files.hpp"

#include <system_error>

#include <cerrno>
#include <fmt/format.h>

#include "base/shown_text.hpp"

namespace sluice::app {

namespace {

using Doer = FileQuestion::Doer;
using Wish = FileQuestion::Wish;

std::string_view deed(Wish wish) {
    switch (wish) {
        case Wish::read: return "read";
        case Wish::append: return "write into";
        case Wish::keep_files:
        case Wish::make_files: return "make files in";
    }
    return {};
}

/// A text that says what to do, and then what was found.
std::string advice(const FileQuestion& question, int error, std::string_view who) {
    const bool is_made = question.wish == Wish::append || question.wish == Wish::make_files;
    const std::string path = shown(question.path);
    switch (error) {
        case ENOSPC: return fmt::format("Make room on the disk of {} ({}): it is full", path, question.key);
        case EROFS:
            return fmt::format(
                "Name another place than {} ({}): nothing can be written there, the file system is read-only",
                path, question.key);
        case ENOENT:
            return is_made ? fmt::format("Make the directory that is to hold {} ({}): it is not there", path,
                                         question.key)
                           : fmt::format("Make {} ({}): it is not there", path, question.key);
        case ENOTDIR:
            return fmt::format("Name a directory in place of {} ({}): it is none", path, question.key);
        case EISDIR:
            return fmt::format("Name a file in place of {} ({}): it is a directory", path, question.key);
        default:
            return fmt::format("Let {} {} {} ({}): {}", who, deed(question.wish), path, question.key,
                               std::generic_category().message(error));
    }
}

}  // namespace

std::vector<FileQuestion> file_questions(const Config& config) {
    std::vector<FileQuestion> all;
    const std::string& spool = config.front.spool.directory;
    if (!config.state_dir.empty()) {
        all.push_back({"state_dir", config.state_dir, Wish::make_files, Doer::supervisor});
        // This directory is made at start, but may be left from earlier, with another owner.
        if (config.store.where == "local")
            all.push_back({"state_dir", config.memory_directory(), Wish::make_files, Doer::worker});
    }
    const bool spool_is_made = !config.state_dir.empty() && spool.starts_with(config.state_dir + '/');
    all.push_back(
        {"spool.directory", spool, spool_is_made ? Wish::make_files : Wish::keep_files, Doer::worker});
    if (config.log.destination != "stdout" && config.log.destination != "stderr")
        all.push_back({"log.destination", config.log.destination, Wish::append, Doer::supervisor});
    if (config.relay.verify.by == relay::VerifyBy::list)
        all.push_back({"recipients.list_file", config.relay.verify.list_file, Wish::read, Doer::worker});
    for (const relay::UpstreamOptions& upstream : config.relay.upstreams)
        if (!upstream.tls.ca_file.empty())
            all.push_back({"tls_ca_file of relay.mta", upstream.tls.ca_file, Wish::read, Doer::worker});
    if (config.needs_validation())
        all.push_back({"dns.trust_anchor_file", config.trust_anchor_file, Wish::read, Doer::worker});
    return all;
}

Finding judge_file(const FileQuestion& question, int error, std::string_view who) {
    if (error != 0) return {Severity::hurts, advice(question, error, who)};
    return {Severity::fine,
            fmt::format("{} can {} {} ({})", who, deed(question.wish), shown(question.path), question.key)};
}

}  // namespace sluice::app
