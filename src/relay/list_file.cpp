#include "relay/list_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include <cerrno>
#include <fmt/format.h>
#include <utility>

#include "net/fd.hpp"
#include "net/offload.hpp"

namespace sluice::relay {

namespace {

constexpr Seconds look_again_after{1};

std::string last_error() {
    return std::generic_category().message(errno);
}

/// The whole of an open file; false with the reason in `text`.
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

/// One look at the file, carried to the thread and back.
struct ListFile::Look {
    std::string path;
    std::string version;  // known before; then found
    bool changed = false;
    std::string error;  // empty: it could be read
    std::unique_ptr<RecipientList> list;

    void run() {
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
        std::string found = fmt::format("{}:{}:{}:{}.{}", status.st_dev, status.st_ino, status.st_size,
                                        status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
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
};

ListFile::ListFile(net::Loop& loop, net::Offload& offload, std::string path, const Notice& notice)
    : loop_(loop), offload_(offload), path_(std::move(path)), notice_(notice) {
    Look look{.path = path_, .version = {}, .changed = false, .error = {}, .list = nullptr};
    look.run();
    take(look);
}

ListFile::~ListFile() = default;

void ListFile::on_timer() {
    auto look = std::make_shared<Look>(
        Look{.path = path_, .version = version_, .changed = false, .error = {}, .list = nullptr});
    const bool submitted = offload_.submit([look] { look->run(); },
                                           [this, look, alive = std::weak_ptr(alive_)] {
                                               if (!alive.expired()) take(*look);
                                           });
    if (!submitted) loop_.arm(*this, look_again_after);
}

void ListFile::take(Look& look) {
    loop_.arm(*this, look_again_after);
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
