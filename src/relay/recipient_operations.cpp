#include "relay/recipient_operations.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <string>

#include "relay/answer_class.hpp"
#include "store/keys.hpp"

namespace sluice::relay {

namespace {

std::optional<store::Operation> about(std::string_view recipient, store::Verb verb) {
    store::Operation operation{.verb = verb, .key = std::string(store::recipient_space)};
    operation.key += recipient;
    if (operation.key.size() > store::key_octets_max) return std::nullopt;
    return operation;
}

std::optional<smtp::Reply> read_reply(std::string_view text) {
    constexpr std::size_t digits = 3;
    smtp::Reply reply;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), reply.code);
    const bool whole = error == std::errc{} && end == text.data() + digits;
    if (!whole || text.size() < digits + 1 || text[digits] != ' ') return std::nullopt;
    reply.text = text.substr(digits + 1);
    return reply;
}

}  // namespace

std::optional<store::Operation> recipient_question(std::string_view recipient) {
    return about(recipient, store::Verb::get);
}

std::optional<store::Operation> recipient_told(std::string_view recipient, const smtp::Reply& reply,
                                               Seconds ttl) {
    // A term of 0 would be for ever.
    if (ttl <= Seconds::zero() || !(says_known(reply) || says_unknown(reply))) return std::nullopt;
    auto operation = about(recipient, store::Verb::put);
    if (!operation) return std::nullopt;
    operation->value = fmt::format("{} {}", reply.code, reply.text);
    operation->term = ttl;
    if (operation->value.size() > store::value_octets_max) return std::nullopt;
    return operation;
}

std::optional<store::Operation> recipient_forgotten(std::string_view recipient) {
    return about(recipient, store::Verb::erase);
}

std::optional<SharedAnswer> read_recipient(const store::Outcome& outcome, Seconds positive_ttl,
                                           Seconds negative_ttl) {
    if (!outcome.found) return std::nullopt;
    auto reply = read_reply(outcome.value);
    if (!reply || !(says_known(*reply) || says_unknown(*reply))) return std::nullopt;
    Seconds life = (reply->positive() ? positive_ttl : negative_ttl) - outcome.age;
    if (outcome.left > Seconds::zero()) life = std::min(life, outcome.left);
    if (life <= Seconds::zero()) return std::nullopt;
    return SharedAnswer{.reply = *std::move(reply), .life = life};
}

}  // namespace sluice::relay
