#include "sim/soak.hpp"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>
#include <new>
#include <vector>

#include "sim/trial.hpp"

namespace sluice::sim {

namespace {

/// A seed takes a fraction of a second; one that takes longer than this hangs.
constexpr std::int64_t seed_seconds_max = 120;

/// The progress that a process reports to the one that started it, in shared memory.
struct Progress {
    std::atomic<std::uint64_t> seed = 0;
    std::atomic<std::int64_t> since = 0;
    std::atomic<std::uint64_t> seeds = 0;
    std::atomic<std::uint64_t> sessions = 0;
    std::atomic<std::uint64_t> messages = 0;
    std::atomic<std::uint64_t> virtual_seconds = 0;
    std::atomic<std::uint64_t> faults[fault_kinds] = {};
};

/// The monotonic clock is real; the wall clock is the world's.
std::int64_t real_seconds() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

void add(Progress& progress, const Findings& findings) {
    progress.seeds += 1;
    progress.sessions += findings.sessions;
    progress.messages += findings.messages;
    progress.virtual_seconds += findings.virtual_seconds;
    for (std::size_t i = 0; i < fault_kinds; ++i)
        progress.faults[i] += findings.faults[i];
}

[[noreturn]] void run_seeds(const SoakOptions& options, unsigned job, Progress& progress, std::int64_t end) {
    for (std::uint64_t i = job; i < options.seeds_max && real_seconds() < end; i += options.jobs) {
        const std::uint64_t seed = options.first_seed + i;
        progress.seed = seed;
        progress.since = real_seconds();
        const Findings findings = run_trial_and_weigh(seed, {});
        if (!findings.violations.empty()) {
            replay(options.program, seed, false);
            (void)std::fflush(stdout);
            ::_exit(1);
        }
        add(progress, findings);
    }
    ::_exit(0);
}

std::string command(const std::string& program, std::uint64_t seed) {
    return fmt::format("{} --seed {} --trace", program, seed);
}

/// True: the process is over, because it ended, or because it hangs and was killed here. `found` is set
/// when something was wrong.
bool is_over(const SoakOptions& options, pid_t process, const Progress& progress, bool& found) {
    const bool hangs = progress.seed != 0 && real_seconds() - progress.since > seed_seconds_max;
    if (hangs) ::kill(process, SIGKILL);
    int status = 0;
    if (::waitpid(process, &status, hangs ? 0 : WNOHANG) == 0) return false;
    found = !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    if (WIFSIGNALED(status))
        fmt::print("seed {}: {}\nreplay: {}\n", progress.seed.load(), hangs ? "it hangs" : "it crashed",
                   command(options.program, progress.seed));
    return true;
}

/// Waits for all processes. Returns how many found something.
unsigned watch(const SoakOptions& options, std::vector<pid_t> processes, const Progress* progress) {
    unsigned found = 0;
    while (std::ranges::any_of(processes, [](pid_t pid) { return pid != 0; })) {
        ::usleep(50'000);
        for (std::size_t job = 0; job < processes.size(); ++job) {
            bool wrong = false;
            if (processes[job] == 0 || !is_over(options, processes[job], progress[job], wrong)) continue;
            processes[job] = 0;
            if (wrong) ++found;
        }
    }
    return found;
}

void summarize(const SoakOptions& options, const Progress* progress, unsigned found, std::int64_t seconds) {
    std::uint64_t seeds = 0;
    std::uint64_t sessions = 0;
    std::uint64_t messages = 0;
    std::uint64_t virtual_seconds = 0;
    FaultCounts faults{};
    for (unsigned job = 0; job < options.jobs; ++job) {
        seeds += progress[job].seeds;
        sessions += progress[job].sessions;
        messages += progress[job].messages;
        virtual_seconds += progress[job].virtual_seconds;
        for (std::size_t i = 0; i < fault_kinds; ++i)
            faults[i] += progress[job].faults[i];
    }
    std::uint64_t all = 0;
    for (std::size_t i = 0; i < fault_kinds; ++i) {
        fmt::print("  {:<24}{:>12}\n", name_of(static_cast<Fault>(i)), faults[i]);
        all += faults[i];
    }
    fmt::print(
        "{} seeds from {} in {} s: {} sessions ({} a second), {} messages, {} days of virtual time,\n"
        "{} faults, {} violations\n",
        seeds, options.first_seed, seconds, sessions,
        sessions / static_cast<std::uint64_t>(std::max<std::int64_t>(seconds, 1)), messages,
        virtual_seconds / 86'400, all, found);
}

}  // namespace

bool replay(const std::string& program, std::uint64_t seed, bool whole_story) {
    TrialOptions options;
    options.keep_trace = true;
    options.whole_story = whole_story;
    Findings findings = run_trial(seed, options);
    if (findings.violations.empty()) findings.violations = run_trial_and_weigh(seed, {}).violations;
    fmt::print("{}", findings.story);
    for (const std::string& violation : findings.violations)
        fmt::print("seed {}: {}\n", seed, violation);
    if (!findings.violations.empty())
        fmt::print("replay: {}\n", command(program, seed));
    else
        fmt::print("seed {}: no violation; {} sessions, {} messages, {} s, digest {:016x}\n", seed,
                   findings.sessions, findings.messages, findings.virtual_seconds, findings.digest);
    return findings.violations.empty();
}

bool soak(const SoakOptions& options) {
    void* const shared = ::mmap(nullptr, sizeof(Progress) * options.jobs, PROT_READ | PROT_WRITE,
                                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) return false;
    auto* const progress = new (shared) Progress[options.jobs];
    const std::int64_t begin = real_seconds();
    std::vector<pid_t> processes;
    for (unsigned job = 0; job < options.jobs; ++job) {
        const pid_t pid = ::fork();
        if (pid == 0) run_seeds(options, job, progress[job], begin + options.seconds);
        if (pid > 0) processes.push_back(pid);
    }
    const unsigned found = watch(options, processes, progress);
    summarize(options, progress, found, real_seconds() - begin);
    return found == 0;
}

}  // namespace sluice::sim
