#include "app/process/proc.hpp"

#include <system_error>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <utility>

#include "base/decimal.hpp"

namespace sluice::app {

namespace fs = std::filesystem;

std::vector<int> process_ids() {
    std::vector<int> pids;
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator("/proc", error))
        if (const auto pid = parse_decimal<std::uint32_t>(entry.path().filename().string()))
            pids.push_back(static_cast<int>(*pid));
    std::ranges::sort(pids);
    return pids;
}

fs::path proc_of(int pid) {
    return fs::path("/proc") / std::to_string(pid);
}

std::string proc_text(const fs::path& file) {
    const std::ifstream stream(file, std::ios::binary);
    std::ostringstream text;
    text << stream.rdbuf();
    return std::move(text).str();
}

std::vector<std::string> command_line_of(int pid) {
    std::vector<std::string> words;
    std::istringstream all(proc_text(proc_of(pid) / "cmdline"));
    for (std::string word; std::getline(all, word, '\0');)
        words.push_back(word);
    return words;
}

std::string working_directory_of(int pid) {
    std::error_code error;
    return fs::read_symlink(proc_of(pid) / "cwd", error).string();
}

}  // namespace sluice::app
