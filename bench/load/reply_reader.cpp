#include "load/reply_reader.hpp"

namespace load {

std::optional<std::uint16_t> ReplyReader::next(std::string_view& input) {
    while (!input.empty()) {
        while (column_ < 4 && !input.empty() && input.front() != '\n') {
            const char octet = input.front();
            input.remove_prefix(1);
            if (column_ < 3) {
                if (octet < '0' || octet > '9') malformed_ = true;
                code_ = static_cast<std::uint16_t>(code_ * 10 + (octet - '0'));
            } else {
                last_ = octet != '-';
                if (octet != '-' && octet != ' ' && octet != '\r') malformed_ = true;
            }
            ++column_;
        }
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
