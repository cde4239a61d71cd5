#include "relay/list_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include <cerrno>
#include <fmt/format.h>
#include <utility>

#include "net/fd.hpp"

namespace sluice::relay {

namespace {

constexpr Seconds look_again_after{1};

std::string last_error() {
    return std::generic_category().message(errno);
}

/// Reads the whole of an open file; false with the reason in `text`.
bool read_whole(int fd, std::string& text) {
    constexpr std::size_t chunk = 65536;
    std::size_t size = 0;
    for (;;) {
        text.resize(size + chunk);
        const ssize_t count = ::read(fd, text.data() + size, chunk);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) {
            text = last_error();
            return false;
        }
        size += static_cast<std::size_t>(count);
        if (count == 0) break;
        if (size > ListFile::octets_max) {
            text = "it is too large";
            return false;
        }
    }
    text.resize(size);
    return true;
}

}  // namespace

void ListFile::Look::run() {
    const net::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat status;
    if (!fd || ::fstat(fd.get(), &status) != 0) {
        error = last_error();
        return;
    }
    if (!S_ISREG(status.st_mode)) {
        error = "it is not a file";
        return;
    }
    std::string found = net::file_version(status);
    if (found == version) return;
    std::string text;
    if (!read_whole(fd.get(), text)) {
        error = std::move(text);
        return;
    }
    version = std::move(found);
    changed = true;
    list = std::make_unique<RecipientList>(RecipientList::parse(text));
}

ListFile::ListFile(net::Loop& loop, net::Offload& offload, std::string path, const Notice& notice)
    : path_(std::move(path)),
      notice_(notice),
      looks_(
          loop, offload, look_again_after, [this] { return next_look(); },
          [this](Look& look) { take(look); }) {
    Look first = next_look();
    first.run();
    take(first);
}

void ListFile::take(Look& look) {
    if (!look.error.empty()) {
        if (!std::exchange(told_unreadable_, true)) notice_("list_unreadable", path_, look.error);
        return;
    }
    told_unreadable_ = false;
    if (!look.changed) return;
    version_ = look.version;
    list_ = std::move(look.list);
    notice_("list_reloaded", path_,
            fmt::format("{} entries, {} lines skipped", list_->size(), list_->lines_skipped()));
}

}  // namespace sluice::relay
