// For tests: a Maildir that vanishes with the test.
#pragma once

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <string>
#include <vector>

namespace sluice::sink {

class ScratchMaildir {
  public:
    ScratchMaildir() {
        std::string name = testing::TempDir() + "sluice_maildir_XXXXXX";
        path_ = ::mkdtemp(name.data());
    }
    ~ScratchMaildir() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    ScratchMaildir(const ScratchMaildir&) = delete;
    ScratchMaildir& operator=(const ScratchMaildir&) = delete;

    std::string path() const { return path_ + "/mail"; }

    /// The content of the files in "new" or "tmp".
    std::vector<std::string> files(const std::string& part) const {
        std::vector<std::string> all;
        for (const auto& entry : std::filesystem::directory_iterator(path() + "/" + part)) {
            std::ifstream in(entry.path(), std::ios::binary);
            all.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
        }
        return all;
    }

  private:
    std::string path_;
};

}  // namespace sluice::sink
