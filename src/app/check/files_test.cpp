#include "app/check/files.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/testing/temporary_directory.hpp"

namespace sluice::app {
namespace {

using Doer = FileQuestion::Doer;
using Wish = FileQuestion::Wish;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

Config finished(std::string_view text) {
    auto config = parse_config(text, "f");
    EXPECT_TRUE(config.has_value());
    return finish_config(*config).value();
}

TEST(FileQuestions, AreWhatAConfigurationNames) {
    EXPECT_THAT(file_questions(finished("")),
                ElementsAre(FileQuestion{"spool.directory", "/tmp", Wish::keep_files, Doer::worker}));
    EXPECT_THAT(
        file_questions(finished("state_dir = '/s'\nlog.destination = '/l/log'\nrecipients.verify = 'list'\n"
                                "recipients.list_file = '/r'")),
        ElementsAre(FileQuestion{"state_dir", "/s", Wish::make_files, Doer::supervisor},
                    FileQuestion{"state_dir", "/s/memory", Wish::make_files, Doer::worker},
                    FileQuestion{"spool.directory", "/s/spool", Wish::make_files, Doer::worker},
                    FileQuestion{"log.destination", "/l/log", Wish::append, Doer::supervisor},
                    FileQuestion{"recipients.list_file", "/r", Wish::read, Doer::worker}));
}

TEST(JudgeFile, SaysWhatToDo) {
    const FileQuestion log{"log.destination", "/l/log", Wish::append, Doer::supervisor};
    EXPECT_EQ(judge_file(log, 0, "this user"),
              (Finding{Severity::fine, "this user can write into /l/log (log.destination)"}));
    EXPECT_EQ(judge_file(log, EACCES, "user sluice").text,
              "Let user sluice write into /l/log (log.destination): Permission denied");
    EXPECT_THAT(judge_file(log, ENOENT, "root").text,
                StartsWith("Make the directory that is to hold /l/log"));
    EXPECT_THAT(judge_file(log, EISDIR, "root").text, StartsWith("Name a file in place of /l/log"));
    EXPECT_THAT(judge_file(log, ENOSPC, "root").text, StartsWith("Make room on the disk of /l/log"));
    EXPECT_THAT(judge_file(log, EROFS, "root").text, StartsWith("Name another place than /l/log"));
    for (const int error : {EACCES, ENOENT, EISDIR, ENOTDIR, ENOSPC, EROFS, EIO})
        EXPECT_EQ(judge_file(log, error, "root").severity, Severity::hurts);
}

std::string texts_of(const Findings& findings) {
    std::string all;
    for (const Finding& finding : findings)
        if (finding.severity == Severity::hurts) all += finding.text + "\n";
    return all;
}

TEST(ProbeFiles, AsksTheKernel) {
    const store::TemporaryDirectory directory;
    const std::string path = directory.path();
    const Config good = finished("state_dir = '" + path + "/state'\nlog.destination = '" + path + "/log'");
    EXPECT_THAT(texts_of(probe_files(good, std::nullopt)), IsEmpty());
    std::ofstream(path + "/file") << "x";
    const Config bad = finished("state_dir = '" + path + "/file'\nlog.destination = '" + path +
                                "/none/log'\nspool.directory = '" + path + "/nowhere'");
    const std::string said = texts_of(probe_files(bad, std::nullopt));
    EXPECT_THAT(said, HasSubstr("Name a directory in place of " + path + "/file (state_dir)"));
    EXPECT_THAT(said, HasSubstr("Make the directory that is to hold " + path + "/none/log"));
    EXPECT_THAT(said, HasSubstr("Make " + path + "/nowhere (spool.directory)"));
}

TEST(ProbeFiles, AWorkerIsAskedAsItsUser) {
    const auto user = guard::find_user("nobody");
    if (::geteuid() != 0 || !user) GTEST_SKIP() << "only root can ask as others";
    const store::TemporaryDirectory directory;
    const std::string path = directory.path();
    ::chmod(path.c_str(), 0755);
    std::ofstream(path + "/recipients") << "a@example.org\n";
    ::chmod((path + "/recipients").c_str(), 0600);
    const Config config =
        finished("recipients.verify = 'list'\nrecipients.list_file = '" + path +
                 "/recipients'\nspool.directory = '" + path + "'\nlog.destination = '" + path + "/log'");
    EXPECT_THAT(texts_of(probe_files(config, std::nullopt)), IsEmpty());
    const std::string said = texts_of(probe_files(config, user));
    EXPECT_THAT(said, HasSubstr("Let user nobody make files in " + path + " (spool.directory)"));
    EXPECT_THAT(said, HasSubstr("Let user nobody read " + path + "/recipients"));
    EXPECT_EQ(said.find("log.destination"), std::string::npos) << "the supervisor opens it";

    // A supervisor that runs as root has dropped the right to write to others' files.
    ASSERT_EQ(::chown(path.c_str(), user->id, user->group), 0);
    EXPECT_THAT(texts_of(probe_files(config, std::nullopt)),
                HasSubstr("write into " + path + "/log (log.destination): Permission denied"));
}

}  // namespace
}  // namespace sluice::app
