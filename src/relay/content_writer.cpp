#include "relay/content_writer.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "net/socket.hpp"

namespace sluice::relay {

namespace {

constexpr std::string_view final_dot = ".\r\n";

/// A socket takes no more than a few megabytes at once, however many are offered.
constexpr std::size_t vectors_max = 64;

constexpr std::size_t tls_record_octets = 16'384;  // RFC 8446 5.1

}  // namespace

ContentWriter::Result ContentWriter::write(int socket) {
    const std::uint64_t dot_at = file_at_ + message_.file_octets;
    while (sent_ < dot_at + final_dot.size()) {
        const std::uint64_t before = sent_;
        const bool in_file = sent_ >= file_at_ && sent_ < dot_at;
        const Result result = in_file ? write_file(socket) : write_memory(socket);
        if (result != Result::done) return result;
        if (sent_ == before) return Result::failed;
    }
    return Result::done;
}

ContentWriter::Result ContentWriter::write(net::TlsStream& stream) {
    std::array<char, tls_record_octets> record;
    while (sent_ < file_at_ + message_.file_octets + final_dot.size()) {
        // Octets that could not be written are offered again unchanged, as TLS requires: the message does not
        // change.
        const std::size_t octets = copy(record);
        if (octets == 0) return Result::failed;
        const std::ptrdiff_t count = stream.write(record.data(), octets);
        if (count == net::io_would_block) return Result::blocked;
        if (count <= 0) return Result::failed;
        sent_ += static_cast<std::uint64_t>(count);
    }
    return Result::done;
}

/// Copies the octets from here on that fit; 0 when the file is shorter than it was.
std::size_t ContentWriter::copy(std::span<char> record) const {
    const std::uint64_t dot_at = file_at_ + message_.file_octets;
    if (sent_ >= file_at_ && sent_ < dot_at) {
        const auto octets = static_cast<std::size_t>(std::min<std::uint64_t>(record.size(), dot_at - sent_));
        ssize_t got;
        do {
            got = ::pread(message_.fd, record.data(), octets, static_cast<off_t>(sent_ - file_at_));
        } while (got < 0 && errno == EINTR);
        return got < 0 ? 0 : static_cast<std::size_t>(got);
    }
    std::array<iovec, vectors_max> vectors;
    const std::size_t count = gather(vectors);
    std::size_t copied = 0;
    for (const iovec& part : std::span(vectors).first(count)) {
        const std::size_t octets = std::min(part.iov_len, record.size() - copied);
        std::memcpy(record.data() + copied, part.iov_base, octets);
        copied += octets;
    }
    return copied;
}

/// Collects the octets that lie in memory from here on, up to the file if there is one.
std::size_t ContentWriter::gather(std::span<iovec> vectors) const {
    std::size_t count = 0;
    std::uint64_t skip = sent_ <= file_at_ ? sent_ : sent_ - message_.file_octets;
    const auto add = [&](std::string_view part) {
        const auto skipped = static_cast<std::size_t>(std::min<std::uint64_t>(skip, part.size()));
        skip -= skipped;
        part.remove_prefix(skipped);
        // The kernel only reads; sendmsg(2) merely shares its types with recvmsg(2).
        if (!part.empty() && count < vectors.size())
            vectors[count++] = {.iov_base = const_cast<char*>(part.data()), .iov_len = part.size()};
    };
    add(header_);
    add(message_.memory);
    std::ranges::for_each(message_.chunks, add);
    if (!before_file()) add(final_dot);
    return count;
}

ContentWriter::Result ContentWriter::write_memory(int socket) {
    std::array<iovec, vectors_max> vectors;
    const std::size_t count = gather(vectors);
    return moved(net::write_gathered(socket, std::span(vectors).first(count), before_file()));
}

ContentWriter::Result ContentWriter::write_file(int socket) {
    const std::uint64_t offset = sent_ - file_at_;
    const std::uint64_t left = message_.file_octets - offset;
    // 0 means that the file is shorter than it was; write() then sees that nothing moved.
    return moved(net::send_file(socket, message_.fd, offset, static_cast<std::size_t>(left)));
}

ContentWriter::Result ContentWriter::moved(std::ptrdiff_t octets) {
    if (octets == net::io_would_block) return Result::blocked;
    if (octets == net::io_failed) return Result::failed;
    sent_ += static_cast<std::uint64_t>(octets);
    return Result::done;
}

}  // namespace sluice::relay
