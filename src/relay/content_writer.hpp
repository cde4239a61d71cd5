// A message on its way into a socket: a header of our own, the part in memory, the part in a file, and the
// final dot, in as few system calls as the kernel allows.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "net/tls.hpp"
#include "smtp/backend.hpp"

namespace sluice::relay {

class ContentWriter {
  public:
    enum class Result : std::uint8_t {
        done,     // the kernel has every octet, including the final dot
        blocked,  // call again when the socket is writable
        failed,   // the socket or the file failed: close the connection, the dot was not sent
    };

    /// `header` may be empty, or ends in CRLF. What `message` refers to must outlive the writing.
    ContentWriter(std::string header, const smtp::MessageView& message)
        : header_(std::move(header)),
          message_(message),
          file_at_(header_.size() + message_.memory_octets()) {}

    Result write(int socket);
    /// Writes the message encrypted. The part in a file is then read through a buffer in memory.
    Result write(net::TlsStream& stream);

    /// Octets given to the kernel so far.
    std::uint64_t sent() const { return sent_; }

  private:
    Result write_memory(int socket);
    Result write_file(int socket);
    Result moved(std::ptrdiff_t octets);
    std::size_t gather(std::span<iovec> vectors) const;
    std::size_t copy(std::span<char> record) const;
    bool before_file() const { return message_.file_octets != 0 && sent_ < file_at_; }

    std::string header_;
    smtp::MessageView message_;
    std::uint64_t file_at_;  // octets that precede those of the file
    std::uint64_t sent_ = 0;
};

}  // namespace sluice::relay
