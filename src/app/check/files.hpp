// Checks whether files can be read, and directories written, by the process that will do it.
//
// A supervisor that runs as root has dropped the right to write to others' files (CAP_DAC_OVERRIDE), and
// workers have a user of their own. What root may do at a shell prompt says nothing about either.
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
        append,      // write to a file, which may have to be made
        keep_files,  // make files in an existing directory
        make_files,  // make files in a directory, which may have to be made in the one above it
    };
    std::string_view key;  // of the configuration
    std::string path;
    Wish wish = Wish::read;
    Doer doer = Doer::supervisor;
    bool operator==(const FileQuestion&) const = default;
};

/// The files that a Sluice with this configuration reads and writes, except for those that were opened to get
/// this far.
std::vector<FileQuestion> file_questions(const Config& config);

/// `error` is an errno; 0 = access is possible. `who` is the user that needs it.
Finding judge_file(const FileQuestion& question, int error, std::string_view who);

/// Asks in child processes that take on the identity of a supervisor and of its workers (`user`, none = this
/// one).
Findings probe_files(const Config& config, const std::optional<guard::User>& user);

}  // namespace sluice::app
