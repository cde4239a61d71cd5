#include "relay/shared_answer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>
#include <utility>

#include "relay/answer_class.hpp"
#include "relay/client_network.hpp"

namespace sluice::relay {

namespace {

constexpr std::array<std::string_view, 4> standings{"own", "heard", "confirmed", "disputed"};
constexpr std::string_view nobody = "-";

/// One organisation seldom has more than one network of this size.
constexpr unsigned neighbours_bits_v4 = 16;
constexpr unsigned neighbours_bits_v6 = 32;

std::optional<smtp::Reply> read_reply(std::string_view text) {
    constexpr std::size_t digits = 3;
    smtp::Reply reply;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), reply.code);
    const bool whole = error == std::errc{} && end == text.data() + digits;
    if (!whole || text.size() < digits + 1 || text[digits] != ' ') return std::nullopt;
    reply.text = text.substr(digits + 1);
    return reply;
}

/// Returns the first word, and removes it from `text` with the space behind it.
std::string_view take_word(std::string_view& text) {
    const std::size_t space = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, space);
    text.remove_prefix(std::min(space + 1, text.size()));
    return word;
}

}  // namespace

std::string Hearer::kept_for() const {
    return operators_own ? '=' + address.to_string() : network_of(address).to_string();
}

bool unrelated(std::string_view one, std::string_view other) {
    const auto a = IpAddress::parse(one);
    const auto b = IpAddress::parse(other);
    if (!a || !b || a->is_v4() != b->is_v4()) return false;
    const unsigned bits = a->is_v4() ? neighbours_bits_v4 : neighbours_bits_v6;
    return a->masked(bits) != b->masked(bits);
}

std::optional<SharedAnswer> heard_now(const SharedAnswer* before, const Hearer& hearer,
                                      const smtp::Reply& reply) {
    const bool counts = !hearer.fast_lane && !hearer.operators_own;
    SharedAnswer now{
        .standing = counts ? Standing::heard : Standing::own, .heard_by = hearer.kept_for(), .reply = reply};
    if (before == nullptr) return now;
    if (before->standing == Standing::disputed) return std::nullopt;
    if (before->reply.positive() != reply.positive()) {
        // If the same client was told otherwise, the mailbox has come or gone. If another client was, the
        // answer depends on the client.
        const bool same_client = before->standing != Standing::confirmed && before->heard_by == now.heard_by;
        if (same_client) return now;
        return SharedAnswer{.standing = Standing::disputed, .heard_by = {}, .reply = {}};
    }
    switch (before->standing) {
        case Standing::own: return now;
        case Standing::heard:
            if (!counts || !unrelated(before->heard_by, now.heard_by)) return std::nullopt;
            return SharedAnswer{.standing = Standing::confirmed, .heard_by = {}, .reply = reply};
        case Standing::confirmed:
        case Standing::disputed: break;
    }
    return std::nullopt;
}

bool serves(const SharedAnswer& answer, const Hearer& hearer) {
    if (!answer.reply.positive() && hearer.fast_lane) return false;
    switch (answer.standing) {
        case Standing::own:
        case Standing::heard: return answer.heard_by == hearer.kept_for();
        case Standing::confirmed: return !hearer.operators_own;
        case Standing::disputed: break;
    }
    return false;
}

std::string write_shared(const SharedAnswer& answer) {
    return fmt::format("{} {} {} {}", standings[std::to_underlying(answer.standing)],
                       answer.heard_by.empty() ? nobody : answer.heard_by, answer.reply.code,
                       answer.reply.text);
}

std::optional<SharedAnswer> read_shared(std::string_view text) {
    SharedAnswer answer;
    const auto* const standing = std::ranges::find(standings, take_word(text));
    if (standing == standings.end()) return std::nullopt;
    answer.standing = static_cast<Standing>(standing - standings.begin());
    const std::string_view heard_by = take_word(text);
    if (heard_by != nobody) answer.heard_by = heard_by;
    if (answer.standing == Standing::disputed) return answer;
    auto reply = read_reply(text);
    if (!reply || !(says_known(*reply) || says_unknown(*reply))) return std::nullopt;
    answer.reply = *std::move(reply);
    return answer;
}

std::string describe_shared(std::string_view text) {
    const auto answer = read_shared(text);
    if (!answer) return fmt::format("{} (nobody is told so: it does not say who was)", text);
    const std::string reply = fmt::format("{} {}", answer->reply.code, answer->reply.text);
    const std::string network = answer->heard_by.starts_with('=')
                                    ? answer->heard_by.substr(1)
                                    : fmt::format("{} (network)", answer->heard_by);
    switch (answer->standing) {
        case Standing::own: return fmt::format("{}, to {} only", reply, network);
        case Standing::heard: return fmt::format("{}, to {}, and nobody else so far", reply, network);
        case Standing::confirmed: return fmt::format("{}, to clients of several networks", reply);
        case Standing::disputed: break;
    }
    return "not the same to all, and each client asks for itself";
}

}  // namespace sluice::relay
