// Asks the kernel about files as the user that will read and write; app/check/files.hpp judges the answers.
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>

#include "app/check/files.hpp"
#include "net/fd.hpp"

namespace sluice::app {

namespace {

using Doer = FileQuestion::Doer;
using Wish = FileQuestion::Wish;

/// Returns 0 or an errno. access(2) checks the real user, which the child has changed to the one in question.
int may(const std::string& path, int mode) {
    return ::access(path.c_str(), mode) == 0 ? 0 : errno;
}

std::string parent_of(const std::string& path) {
    const std::size_t slash = path.rfind('/', path.size() - 2);
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

bool is_directory(const std::string& path) {
    struct stat found{};
    return ::stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

int room_on(const std::string& path) {
    struct statvfs disk{};
    return ::statvfs(path.c_str(), &disk) == 0 && disk.f_blocks != 0 && disk.f_bavail == 0 ? ENOSPC : 0;
}

int may_make_files(const std::string& directory) {
    if (const int error = may(directory, F_OK)) return error;
    if (!is_directory(directory)) return ENOTDIR;
    if (const int error = may(directory, W_OK | X_OK)) return error;
    return room_on(directory);
}

int may_append(const std::string& path) {
    const int there = may(path, F_OK);
    if (there == ENOENT) return may_make_files(parent_of(path));
    if (there != 0) return there;
    if (is_directory(path)) return EISDIR;
    if (const int error = may(path, W_OK)) return error;
    return room_on(path);
}

/// No errno: the directory does not exist yet, and will be made at start for the user that needs it.
constexpr int is_made_at_start = -1;

int may_make(const FileQuestion& question) {
    const int there = may(question.path, F_OK);
    if (there != ENOENT) return may_make_files(question.path);
    return question.doer == Doer::supervisor ? may_make_files(parent_of(question.path)) : is_made_at_start;
}

int ask(const FileQuestion& question) {
    switch (question.wish) {
        case Wish::read: return may(question.path, R_OK);
        case Wish::append: return may_append(question.path);
        case Wish::keep_files: return may_make_files(question.path);
        case Wish::make_files: return may_make(question);
    }
    return 0;
}

/// The capability over files that a supervisor keeps when it runs as root (run_command.cpp); other users have
/// none.
constexpr std::array<cap_value_t, 1> supervisors_capabilities{CAP_DAC_READ_SEARCH};

/// Runs in the child; never returns.
[[noreturn]] void answer_as(Doer doer, const std::optional<guard::User>& user,
                            std::span<const FileQuestion> questions, int output) {
    try {
        if (doer == Doer::worker && user) guard::become(*user);
        if (doer == Doer::supervisor)
            guard::keep_capabilities(supervisors_capabilities);
        else
            guard::keep_capabilities({});
        for (const FileQuestion& question : questions) {
            const int error = ask(question);
            if (::write(output, &error, sizeof error) != sizeof error) ::_exit(1);
        }
    } catch (const std::exception&) {
        ::_exit(1);
    }
    ::_exit(0);
}

/// Returns an answer for each question, or fewer when the child could not change to the wanted user.
std::vector<int> ask_as(Doer doer, const std::optional<guard::User>& user,
                        std::span<const FileQuestion> questions) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) return {};
    const net::Fd output(ends[0]);
    net::Fd input(ends[1]);
    const pid_t child = ::fork();
    if (child < 0) return {};
    if (child == 0) answer_as(doer, user, questions, input.get());
    input.reset();
    std::vector<int> answers;
    int error = 0;
    while (answers.size() < questions.size() && ::read(output.get(), &error, sizeof error) == sizeof error)
        answers.push_back(error);
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
    return answers;
}

}  // namespace

Findings probe_files(const Config& config, const std::optional<guard::User>& user) {
    Findings findings;
    const std::vector<FileQuestion> all = file_questions(config);
    for (const Doer doer : {Doer::supervisor, Doer::worker}) {
        std::vector<FileQuestion> questions;
        std::ranges::copy_if(all, std::back_inserter(questions),
                             [doer](const FileQuestion& question) { return question.doer == doer; });
        const std::vector<int> answers = ask_as(doer, user, questions);
        const bool own = doer == Doer::supervisor || !user;
        const std::string who = !own               ? "user " + user->name
                                : ::geteuid() == 0 ? "root without its capabilities"
                                                   : "this user";
        for (std::size_t i = 0; i < answers.size(); ++i)
            if (answers[i] != is_made_at_start) findings.push_back(judge_file(questions[i], answers[i], who));
    }
    return findings;
}

}  // namespace sluice::app
