// Finds out whether files can be read, and directories written into, by the process that will do it.
//
// The supervisor of root has given up the right to write where others are the owners (CAP_DAC_OVERRIDE), and
// workers have a user of their own: what root may do at a prompt says nothing of either.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/check/finding.hpp"
#include "app/config/config.hpp"
#include "guard/privileges.hpp"

namespace sluice::app {

struct FileQuestion {
    enum class Doer : std::uint8_t { supervisor, worker };
    enum class Wish : std::uint8_t {
        read,
        append,      // to a file that is there, or is made
        keep_files,  // in a directory that is there
        make_files,  // in a directory that is there, or is made in the one above it
    };
    std::string_view key;  // of the configuration
    std::string path;
    Wish wish = Wish::read;
    Doer doer = Doer::supervisor;
    bool operator==(const FileQuestion&) const = default;
};

/// The files that a Sluice with this configuration reads and writes, beyond those that were opened to get
/// here.
std::vector<FileQuestion> file_questions(const Config& config);

/// `error` is an errno; 0 = it can. `who` is the user who has to.
Finding judge_file(const FileQuestion& question, int error, std::string_view who);

/// Asks in child processes, which are what a supervisor and its workers will be (`user`, none = this one).
Findings probe_files(const Config& config, const std::optional<guard::User>& user);

}  // namespace sluice::app
