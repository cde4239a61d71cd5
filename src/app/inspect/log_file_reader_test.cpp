#include "app/inspect/log_file_reader.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>
#include <string>

namespace sluice::app {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;

class LogReader : public testing::Test {
  protected:
    LogReader() {
        std::string name = testing::TempDir() + "sluice_read_XXXXXX";
        directory_ = ::mkdtemp(name.data());
    }
    ~LogReader() override { std::filesystem::remove_all(directory_); }

    std::string path(std::string_view name) const { return directory_ + "/" + std::string(name); }
    void write(std::string_view name, std::string_view text, std::int64_t written = 0) const {
        std::ofstream(path(name), std::ios::binary) << text;
        if (written == 0) return;
        const timespec times[] = {{written, 0}, {written, 0}};
        ASSERT_EQ(::utimensat(AT_FDCWD, path(name).c_str(), times, 0), 0);
    }
    void write_gzip(std::string_view name, const std::string& text) const {
        const gzFile file = ::gzopen(path(name).c_str(), "wb");
        ASSERT_EQ(::gzwrite(file, text.data(), static_cast<unsigned>(text.size())),
                  static_cast<int>(text.size()));
        ::gzclose(file);
    }
    std::vector<std::string> read(std::string_view name) {
        std::vector<std::string> lines;
        fault_ = read_log_lines(path(name), [&](std::string_view line) { lines.emplace_back(line); });
        return lines;
    }

    std::string fault_;

  private:
    std::string directory_;
};

TEST_F(LogReader, LinesOfAPlainFileAndOfACompressedOne) {
    write("log", "one\ntwo\n\nno end");
    write_gzip("log.1.gz", "one\ntwo\n\nno end");
    for (const char* name : {"log", "log.1.gz"}) {
        EXPECT_THAT(read(name), ElementsAre("one", "two", "", "no end")) << name;
        EXPECT_EQ(fault_, "");
    }
}

TEST_F(LogReader, HoweverLongAFileIs) {
    std::string text;
    for (int i = 0; i < 30'000; ++i)
        text += std::string(static_cast<std::size_t>(i % 97), 'x') + std::to_string(i) + '\n';
    write_gzip("log.1.gz", text);
    const auto lines = read("log.1.gz");
    ASSERT_EQ(lines.size(), 30'000U);
    EXPECT_THAT(lines[29'999], EndsWith("29999"));
    EXPECT_EQ(lines[96], std::string(96, 'x') + "96");
}

TEST_F(LogReader, ALineThatIsTooLongIsPassedOver) {
    write("log", "one\n" + std::string(log_line_octets_max + 1, 'x') + "\ntwo\n");
    EXPECT_THAT(read("log"), ElementsAre("one", "two"));
}

TEST_F(LogReader, AFileThatIsCutIsReadToThereAndSaidSo) {
    write_gzip("whole.gz", "one\ntwo\n");
    std::ifstream in(path("whole.gz"), std::ios::binary);
    const std::string octets{std::istreambuf_iterator<char>(in), {}};
    write("cut.gz", octets.substr(0, octets.size() - 9));
    read("cut.gz");
    EXPECT_THAT(fault_, HasSubstr("cut.gz is not read to its end: "));
}

TEST_F(LogReader, WhatItCannotReadItNames) {
    write("log.xz", std::string("\xfd"
                                "7zXZ\0",
                                6));
    write("log.zst", "\x28\xb5\x2f\xfd");
    EXPECT_TRUE(read("log.xz").empty());
    EXPECT_THAT(fault_, HasSubstr("compressed by xz"));
    EXPECT_TRUE(read("log.zst").empty());
    EXPECT_THAT(fault_, HasSubstr("`zstd -dc`"));
    EXPECT_TRUE(read("absent").empty());
    EXPECT_THAT(fault_, EndsWith("cannot be read: No such file or directory"));
}

TEST_F(LogReader, RotatedFilesFromTheOldestOn) {
    write("log", "", 9000);
    write("log.1", "", 8000);
    write("log-20261129.gz", "", 7000);
    write("log.2.xz", "", 6000);
    for (const char* other : {"log.old", "log.1.txt", "log.", "logs.1", "log-x", "other.1"})
        write(other, "", 8500);
    EXPECT_THAT(rotated_logs(path("log"), 0),
                ElementsAre(path("log.2.xz"), path("log-20261129.gz"), path("log.1"), path("log")));
    EXPECT_THAT(rotated_logs(path("log"), 7500), ElementsAre(path("log.1"), path("log")));
}

}  // namespace
}  // namespace sluice::app
