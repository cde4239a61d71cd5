// An owned file descriptor.
#pragma once

#include <utility>

namespace sluice::net {

/// Closes a descriptor that the caller owns.
void close_descriptor(int fd);

/// Closes on destruction. Movable; -1 when empty.
class Fd {
  public:
    Fd() = default;
    explicit Fd(int fd) : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        if (this != &other) reset(std::exchange(other.fd_, -1));
        return *this;
    }
    ~Fd() { reset(); }

    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }
    int release() { return std::exchange(fd_, -1); }
    void reset(int fd = -1) {
        if (fd_ >= 0) close_descriptor(fd_);
        fd_ = fd;
    }

  private:
    int fd_ = -1;
};

}  // namespace sluice::net
