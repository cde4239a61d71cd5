#include "front/letter_print.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <vector>

#include "base/ascii.hpp"

namespace sluice::front {

namespace {

constexpr std::string_view field = "message-id";

bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && is_blank(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back()))
        text.remove_suffix(1);
    return text;
}

}  // namespace

void LetterPrint::take(std::string_view octets) {
    octets_ += octets.size();
    while (at_ != At::body && !octets.empty()) {
        take_header(octets.front());
        octets.remove_prefix(1);
    }
    const std::string_view hashed = octets.substr(0, body_hashed_max - body_hashed_);
    body_hashed_ += hashed.size();
    body_.take(hashed);
}

void LetterPrint::take_header(char c) {
    const bool line_began = line_empty_;
    if (c == '\n') {
        end_line();
    } else if (c != '\r') {
        line_empty_ = false;
        if (line_began && is_blank(c)) at_ = in_message_id_ ? At::message_id : At::other_field;
        switch (at_) {
            case At::field_name:
                if (matched_ < field.size() && ascii::to_lower(c) == field[matched_]) {
                    ++matched_;
                } else if (matched_ == field.size() && c == ':') {
                    at_ = At::message_id;
                    in_message_id_ = true;
                    ids_ = static_cast<std::uint8_t>(std::min(ids_ + 1, 2));
                } else if (matched_ != field.size() ||
                           !is_blank(c)) {  // RFC 5322 4.5.8 has blanks before the colon
                    at_ = At::other_field;
                    in_message_id_ = false;
                }
                break;
            case At::message_id:
                too_long_ = too_long_ || id_.size() == id_octets_max;
                if (!too_long_) id_ += c;
                break;
            case At::other_field:
            case At::body: break;
        }
    }
    if (++header_octets_ == header_octets_max) at_ = At::body;
}

void LetterPrint::end_line() {
    at_ = line_empty_ ? At::body : At::field_name;
    line_empty_ = true;
    matched_ = 0;
}

std::string_view LetterPrint::message_id() const {
    return ids_ == 1 && !too_long_ ? trimmed(id_) : std::string_view();
}

std::optional<std::string> LetterPrint::name(const smtp::Envelope& envelope, bool authenticated) const {
    const std::string_view id = message_id();
    if (id.empty()) return std::nullopt;
    std::vector<std::string_view> recipients;
    recipients.reserve(envelope.recipients.size());
    for (const smtp::Recipient& recipient : envelope.recipients)
        recipients.push_back(recipient.address);
    std::ranges::sort(recipients);
    // No address and no Message-ID has a newline in it.
    StreamHash outside;
    for (const std::string_view part :
         {authenticated ? std::string_view("+") : "-", id, std::string_view(envelope.sender)}) {
        outside.take(part);
        outside.take("\n");
    }
    for (const std::string_view recipient : recipients) {
        outside.take(recipient);
        outside.take("\n");
    }
    StreamHash inside = body_;
    inside.take(fmt::format("\n{}", octets_));
    return fmt::format("{:016x}{:016x}", outside.value(), inside.value());
}

}  // namespace sluice::front
