#include "sink/maildir.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <fmt/format.h>

namespace sluice::sink {

namespace {

void make_directory(const std::string& path) {
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
        throw std::system_error(errno, std::generic_category(), "cannot make directory " + path);
}

net::Fd open_directory(const std::string& path) {
    net::Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) throw std::system_error(errno, std::generic_category(), "cannot open directory " + path);
    return fd;
}

/// The Maildir page requires octal escapes for '/' and ':'.
std::string escaped(std::string_view hostname) {
    std::string out;
    for (const char c : hostname) {
        if (c == '/')
            out += "\\057";
        else if (c == ':')
            out += "\\072";
        else
            out += c;
    }
    return out;
}

}  // namespace

Maildir::Maildir(std::string path, std::string_view hostname)
    : path_(std::move(path)), suffix_(escaped(hostname)) {
    make_directory(path_);
    for (const char* part : {"/tmp", "/new", "/cur"})
        make_directory(path_ + part);
    tmp_ = open_directory(path_ + "/tmp");
    new_ = open_directory(path_ + "/new");
}

std::string Maildir::unique_name() {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(since).count();
    return fmt::format("{}.M{:06}P{}Q{}.{}", micros / 1'000'000, micros % 1'000'000, ::getpid(), ++count_,
                       suffix_);
}

Maildir::Draft::Draft(const Maildir& maildir, std::string name) : maildir_(maildir), name_(std::move(name)) {
    // O_EXCL: if the name is taken after all, nothing is overwritten.
    file_.reset(::openat(maildir_.tmp_.get(), name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file_) fail();
}

Maildir::Draft::~Draft() {
    if (file_ && !delivered_) ::unlinkat(maildir_.tmp_.get(), name_.c_str(), 0);
}

bool Maildir::Draft::fail() {
    if (!error_) error_ = std::error_code(errno, std::generic_category());
    return false;
}

bool Maildir::Draft::append(std::string_view octets) {
    while (!error_ && !octets.empty()) {
        const ssize_t written = ::write(file_.get(), octets.data(), octets.size());
        if (written < 0 && errno != EINTR) return fail();
        if (written > 0) octets.remove_prefix(static_cast<std::size_t>(written));
    }
    return !error_;
}

bool Maildir::Draft::deliver() {
    if (error_) return false;
    if (::fsync(file_.get()) != 0) return fail();
    if (::renameat(maildir_.tmp_.get(), name_.c_str(), maildir_.new_.get(), name_.c_str()) != 0)
        return fail();
    delivered_ = true;
    return ::fsync(maildir_.new_.get()) == 0 || fail();
}

}  // namespace sluice::sink
