// The kernel's list of the processes of this machine, as /proc shows it. A process that has ended meanwhile,
// or that lets nobody look into it, is an empty answer.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace sluice::app {

/// The ids of all processes, the smallest first.
std::vector<int> process_ids();

/// The directory of the process in /proc.
std::filesystem::path proc_of(int pid);

/// All of a file of /proc, which tells its size to nobody.
std::string proc_text(const std::filesystem::path& file);

/// The words that the process was started with.
std::vector<std::string> command_line_of(int pid);

/// The directory that it works in.
std::string working_directory_of(int pid);

}  // namespace sluice::app
