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

/// Such a parameter depends on what the server offers, and may change from one attempt to the next.
bool is_about_sending(std::string_view parameter) {
    return ascii::starts_with(parameter, "SIZE=") || ascii::starts_with(parameter, "BODY=");
}

/// The parameters that ask for something, which are the same in each attempt.
std::string requests(std::string_view parameters) {
    std::string text;
    while (!parameters.empty()) {
        const std::string_view parameter = parameters.substr(0, parameters.find(' '));
        if (!is_about_sending(parameter)) text.append(parameter).append(" ");
        parameters.remove_prefix(std::min(parameter.size() + 1, parameters.size()));
    }
    return text;
}

}  // namespace

void LetterPrint::take(std::string_view octets) {
    content_.take(octets);
    while (at_ != At::body && !octets.empty()) {
        take_header(octets.front());
        octets.remove_prefix(1);
    }
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
    std::vector<std::string> recipients;
    recipients.reserve(envelope.recipients.size());
    for (const smtp::Recipient& recipient : envelope.recipients)
        recipients.push_back(recipient.address + "\n" + recipient.parameters);
    std::ranges::sort(recipients);
    // The parts are separated by newlines. No part contains one, except between an address and its
    // parameters.
    net::Digest whole;
    whole.take(fmt::format("{}\n{}\n{}\n{}\n", authenticated ? '+' : '-', content_.hex(), envelope.sender,
                           requests(envelope.sender_parameters)));
    for (const std::string& recipient : recipients)
        whole.take(recipient + "\n");
    return whole.hex();
}

}  // namespace sluice::front
