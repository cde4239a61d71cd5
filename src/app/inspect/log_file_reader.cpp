#include "app/inspect/log_file_reader.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <fmt/format.h>
#include <memory>
#include <utility>

#include "base/ascii.hpp"
#include "base/shown_text.hpp"

namespace sluice::app {

namespace {

constexpr std::size_t piece_octets = std::size_t{64} << 10U;

struct CloseGzip {
    void operator()(gzFile file) const { ::gzclose_r(file); }
};
using Gzip = std::unique_ptr<gzFile_s, CloseGzip>;

/// Whether `rest` is what logrotate appends to a name: a number or a date, then possibly a compressor's
/// suffix.
bool is_rotated(std::string_view rest) {
    if (rest.size() < 2 || (rest.front() != '.' && rest.front() != '-') || !ascii::is_digit(rest[1]))
        return false;
    for (const std::string_view ending : {".gz", ".xz", ".zst", ".bz2"})
        if (rest.ends_with(ending)) {
            rest.remove_suffix(ending.size());
            break;
        }
    return std::ranges::all_of(rest, [](char c) { return ascii::is_digit(c) || c == '.' || c == '-'; });
}

/// The compressor other than gzip whose signature the file begins with; empty = none that we know.
std::string_view foreign_compressor(int fd) {
    std::array<char, 6> begin{};
    const ssize_t got = ::pread(fd, begin.data(), begin.size(), 0);
    const std::string_view text(begin.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
    using namespace std::string_view_literals;
    if (text.starts_with("\xfd"
                         "7zXZ"sv))
        return "xz";
    if (text.starts_with("\x28\xb5\x2f\xfd"sv)) return "zstd";
    if (text.starts_with("BZh"sv)) return "bzip2";
    return "";
}

/// Splits pieces of a file into lines.
class Lines {
  public:
    explicit Lines(const std::function<void(std::string_view)>& take) : take_(take) {}

    void add(std::string_view piece) {
        for (;;) {
            const std::size_t end = piece.find('\n');
            if (end == std::string_view::npos) return keep(piece);
            if (line_.empty() && !too_long_) {
                take_(piece.substr(0, end));
            } else {
                keep(piece.substr(0, end));
                finish();
            }
            piece.remove_prefix(end + 1);
        }
    }
    void finish() {
        if (!line_.empty() && !too_long_) take_(line_);
        line_.clear();
        too_long_ = false;
    }

  private:
    void keep(std::string_view part) {
        too_long_ = too_long_ || line_.size() + part.size() > log_line_octets_max;
        if (!too_long_)
            line_.append(part);
        else
            line_.clear();
    }

    const std::function<void(std::string_view)>& take_;
    std::string line_;
    bool too_long_ = false;
};

}  // namespace

std::vector<std::string> rotated_logs(const std::string& path, std::int64_t since) {
    const std::filesystem::path whole(path);
    const std::string name = whole.filename().string();
    const std::filesystem::path directory = whole.has_parent_path() ? whole.parent_path() : ".";
    std::vector<std::pair<std::int64_t, std::string>> found;
    std::error_code error;
    for (auto it = std::filesystem::directory_iterator(directory, error);
         !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
        const std::string other = it->path().filename().string();
        const bool rotated =
            other.starts_with(name) && is_rotated(std::string_view(other).substr(name.size()));
        struct stat status{};
        if (!rotated || ::stat(it->path().c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
        if (status.st_mtim.tv_sec >= since)
            found.emplace_back(std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec,
                               it->path().string());
    }
    std::ranges::sort(found);
    std::vector<std::string> paths;
    paths.reserve(found.size() + 1);
    for (auto& [written, each] : found)
        paths.push_back(std::move(each));
    paths.push_back(path);
    return paths;
}

std::string read_log_lines(const std::string& path, const std::function<void(std::string_view)>& take) {
    const int fd =
        path == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fmt::format("{} cannot be read: {}", shown(path), std::generic_category().message(errno));
    if (const std::string_view compressor = foreign_compressor(fd); !compressor.empty()) {
        ::close(fd);
        return fmt::format(
            "{} is compressed by {}, which is not read here: pipe it through `{} -dc` into --log-file -",
            shown(path), compressor, compressor);
    }
    const Gzip file(::gzdopen(fd, "rb"));  // reads what is not compressed, too
    if (!file) {
        ::close(fd);
        return fmt::format("{} cannot be read: there is no memory for it", shown(path));
    }
    const auto piece = std::make_unique<std::array<char, piece_octets>>();
    Lines lines(take);
    for (;;) {
        const int got = ::gzread(file.get(), piece->data(), piece_octets);
        if (got > 0) lines.add({piece->data(), static_cast<std::size_t>(got)});
        if (got > 0) continue;
        lines.finish();
        int error = Z_OK;
        const char* const why = ::gzerror(file.get(), &error);
        if (got == 0 && (error == Z_OK || error == Z_STREAM_END)) return "";
        return fmt::format("{} is not read to its end: {}", shown(path),
                           error == Z_ERRNO ? std::generic_category().message(errno) : std::string(why));
    }
}

}  // namespace sluice::app
