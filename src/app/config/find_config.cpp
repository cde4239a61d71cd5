#include "app/config/find_config.hpp"

#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fmt/format.h>
#include <sstream>
#include <string_view>
#include <utility>

#include "app/process/proc.hpp"
#include "app/process/start_error.hpp"

namespace sluice::app {

namespace {

namespace fs = std::filesystem;

bool is_there(const char* path) {
    struct stat found{};
    return ::stat(path, &found) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

/// Whether /proc/PID/status shows a supervisor that runs as root; workers and the store process have other
/// names. The owner of the files in /proc says less: root owns those of every process that cannot be
/// inspected.
bool is_supervisor(const fs::path& process) {
    std::istringstream status(proc_text(process / "status"));
    bool named = false;
    bool owned = false;
    for (std::string line; std::getline(status, line);) {
        if (line == "Name:\tsluice") named = true;
        uid_t real = 1, effective = 1;
        if (!line.starts_with("Uid:")) continue;
        std::istringstream(line.substr(4)) >> real >> effective;
        owned = real == 0 && effective == 0;
    }
    return named && owned;
}

/// Whether `path` is the same file for that process and for us. An empty path always is.
bool sees_the_same(const fs::path& process, const std::string& path) {
    if (path.empty()) return true;
    struct stat ours{}, its{};
    if (::stat(path.c_str(), &ours) != 0 || ::stat((process.string() + "/root" + path).c_str(), &its) != 0)
        return false;
    return ours.st_dev == its.st_dev && ours.st_ino == its.st_ino;
}

struct Running {
    int pid;
    RunFlags flags;
};

std::vector<Running> running() {
    std::vector<Running> found;
    for (const int pid : process_ids()) {
        const fs::path process = proc_of(pid);
        if (!is_supervisor(process)) continue;
        const auto flags = flags_of_run(command_line_of(pid), working_directory_of(pid));
        if (!flags || (flags->config.empty() && !flags->state_dir)) continue;
        if (sees_the_same(process, flags->config) && sees_the_same(process, flags->state_dir.value_or("")))
            found.push_back({pid, *flags});
    }
    return found;
}

std::string text_of(const RunFlags& flags) {
    std::string text;
    if (!flags.config.empty()) text = "--config " + flags.config;
    if (flags.state_dir) text += (text.empty() ? "--state-dir " : " --state-dir ") + *flags.state_dir;
    return text;
}

}  // namespace

std::optional<RunFlags> flags_of_run(const std::vector<std::string>& words, const std::string& directory) {
    if (words.size() < 2 || words[1] != "run") return std::nullopt;
    RunFlags flags;
    const auto absolute = [&](const std::string& path) {
        return path.empty() ? path : (fs::path(directory) / path).lexically_normal().string();
    };
    for (std::size_t i = 2; i < words.size(); ++i) {
        const std::string_view word = words[i];
        const std::size_t equals = std::min(word.find('='), word.size());
        const std::string_view name = word.substr(0, equals);
        if (name != "--config" && name != "--state-dir") continue;
        if (equals == word.size() && i + 1 == words.size()) break;
        const std::string value = equals < word.size() ? std::string(word.substr(equals + 1)) : words[++i];
        if (name == "--config")
            flags.config = absolute(value);
        else
            flags.state_dir = absolute(value);
    }
    return flags;
}

RunFlags with_default_config(RunFlags flags) {
    if (flags.config.empty() && is_there(default_config)) flags.config = default_config;
    return flags;
}

RunFlags find_running(RunFlags flags) {
    flags = with_default_config(std::move(flags));
    if (!flags.config.empty() || flags.state_dir) return flags;
    std::optional<Running> one;
    for (Running& each : running()) {
        if (one && text_of(one->flags) != text_of(each.flags))
            throw StartError(
                fmt::format("more than one Sluice runs here, one with {} and one with {}: say which "
                            "is meant by these flags",
                            text_of(one->flags), text_of(each.flags)));
        one = std::move(each);
    }
    if (!one) return flags;
    fmt::print(stderr, "sluice: as {} is absent, this is about the Sluice that runs as process {} with {}\n",
               default_config, one->pid, text_of(one->flags));
    flags.config = one->flags.config;
    flags.state_dir = one->flags.state_dir;
    return flags;
}

std::optional<Config> config_or_errors(const RunFlags& flags) {
    ConfigResult<Config> config = configure(flags);
    if (config) return *std::move(config);
    for (const ConfigError& error : config.error())
        fmt::print(stderr, "sluice: {}\n", error.to_string());
    return std::nullopt;
}

std::string no_state_dir_text(const RunFlags& flags) {
    if (!flags.config.empty())
        return fmt::format(
            "{} has no state_dir, by which a running Sluice is found: set it, as in state_dir = "
            "\"/var/lib/sluice\", and restart Sluice",
            flags.config);
    return fmt::format(
        "name the configuration of the Sluice that is meant with --config FILE: {} is absent, and "
        "no Sluice was found to run here",
        default_config);
}

}  // namespace sluice::app
