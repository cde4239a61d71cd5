#include "load/reply_reader.hpp"

namespace load {

void ReplyReader::take(char octet) {
    if (column_ == 3) {
        last_ = octet != '-';
        malformed_ = malformed_ || (octet != '-' && octet != ' ' && octet != '\r');
    } else if (octet >= '0' && octet <= '9') {
        code_ = static_cast<std::uint16_t>(code_ * 10 + (octet - '0'));
    } else {
        malformed_ = true;
    }
    ++column_;
}

std::optional<std::uint16_t> ReplyReader::next(std::string_view& input) {
    while (!input.empty()) {
        for (; column_ < 4 && !input.empty() && input.front() != '\n'; input.remove_prefix(1))
            take(input.front());
        const std::size_t end = input.find('\n');
        if (end == std::string_view::npos) {
            input = {};
            return std::nullopt;
        }
        input.remove_prefix(end + 1);
        const std::uint16_t code = malformed_ || column_ < 3 ? malformed : code_;
        const bool last = last_;
        *this = ReplyReader();
        if (last || code == malformed) return code;
    }
    return std::nullopt;
}

}  // namespace load
