#include "relay/content_writer.hpp"

#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

namespace sluice::relay {

namespace {

constexpr std::string_view final_dot = ".\r\n";

ContentWriter::Result after_error() {
    return errno == EAGAIN || errno == EWOULDBLOCK ? ContentWriter::Result::blocked
                                                   : ContentWriter::Result::failed;
}

}  // namespace

std::uint64_t ContentWriter::octets() const {
    return header_.size() + message_.octets() + final_dot.size();
}

ContentWriter::Result ContentWriter::write(int socket) {
    const std::uint64_t file_at = header_.size() + message_.memory.size();
    const std::uint64_t dot_at = file_at + message_.file_octets;
    while (sent_ < octets()) {
        const std::uint64_t before = sent_;
        const bool in_file = sent_ >= file_at && sent_ < dot_at;
        const Result result = in_file ? write_file(socket) : write_memory(socket);
        if (result != Result::done) return result;
        if (sent_ == before) return Result::failed;
    }
    return Result::done;
}

/// One system call for what lies in memory from here on, up to the file if there is one.
ContentWriter::Result ContentWriter::write_memory(int socket) {
    std::array<std::string_view, 3> parts{header_, message_.memory, final_dot};
    const bool before_file = message_.file_octets != 0 && sent_ < header_.size() + message_.memory.size();
    if (before_file) parts[2] = {};
    std::uint64_t skip = sent_;
    if (message_.file_octets != 0 && !before_file) skip -= message_.file_octets;

    std::array<iovec, parts.size()> vectors{};
    std::size_t count = 0;
    for (std::string_view part : parts) {
        const auto skipped = static_cast<std::size_t>(std::min<std::uint64_t>(skip, part.size()));
        skip -= skipped;
        part.remove_prefix(skipped);
        // The kernel only reads; sendmsg(2) merely shares its types with recvmsg(2).
        if (!part.empty())
            vectors.at(count++) = {.iov_base = const_cast<char*>(part.data()), .iov_len = part.size()};
    }
    msghdr header{};
    header.msg_iov = vectors.data();
    header.msg_iovlen = count;
    ssize_t sent;
    do {
        sent = ::sendmsg(socket, &header, MSG_NOSIGNAL | (before_file ? MSG_MORE : 0));
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) return after_error();
    sent_ += static_cast<std::uint64_t>(sent);
    return Result::done;
}

ContentWriter::Result ContentWriter::write_file(int socket) {
    const std::uint64_t file_at = header_.size() + message_.memory.size();
    auto offset = static_cast<off_t>(sent_ - file_at);
    const std::uint64_t left = message_.file_octets - (sent_ - file_at);
    ssize_t sent;
    do {
        sent = ::sendfile(socket, message_.fd, &offset, static_cast<std::size_t>(left));
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) return after_error();
    // 0: the file is shorter than it was. write() sees that nothing moved.
    sent_ += static_cast<std::uint64_t>(sent);
    return Result::done;
}

}  // namespace sluice::relay
