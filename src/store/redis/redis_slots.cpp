#include "store/redis/redis_slots.hpp"

#include <array>

namespace sluice::store {

namespace {

constexpr auto crc_table = [] {
    constexpr unsigned polynomial = 0x1021;
    std::array<std::uint16_t, 256> table{};
    for (unsigned octet = 0; octet < table.size(); ++octet) {
        unsigned crc = octet << 8U;
        for (int bit = 0; bit < 8; ++bit)
            crc = (crc << 1U) ^ ((crc & 0x8000U) != 0 ? polynomial : 0U);
        table[octet] = static_cast<std::uint16_t>(crc);
    }
    return table;
}();

std::string_view hashed_part(std::string_view key) {
    const std::size_t open = key.find('{');
    if (open == std::string_view::npos) return key;
    const std::size_t close = key.find('}', open + 1);
    if (close == std::string_view::npos || close == open + 1) return key;
    return key.substr(open + 1, close - open - 1);
}

bool is_slot(const RedisReply& reply) {
    return reply.kind == RedisReply::Kind::integer && reply.integer >= 0 && reply.integer < redis_slots;
}

/// Reads [address or nil, port, …].
std::optional<RedisHost> parse_node(const RedisReply& node, const RedisHost& asked) {
    if (!node.is_array() || node.elements.size() < 2) return std::nullopt;
    const RedisReply& name = node.elements[0];
    const RedisReply& port = node.elements[1];
    if (port.kind != RedisReply::Kind::integer || port.integer <= 0 || port.integer > 65'535)
        return std::nullopt;
    RedisHost host{.name = name.text, .port = static_cast<std::uint16_t>(port.integer)};
    // An empty name, or "?": the node does not know the address at which it was reached.
    if (!name.is_text() || name.text.empty() || name.text == "?") host.name = asked.name;
    return host;
}

}  // namespace

std::uint16_t redis_slot(std::string_view key) {
    unsigned crc = 0;
    for (const char c : hashed_part(key))
        crc = ((crc << 8U) & 0xFFFFU) ^ crc_table[((crc >> 8U) ^ static_cast<unsigned char>(c)) & 0xFFU];
    return static_cast<std::uint16_t>(crc % redis_slots);
}

std::optional<std::vector<RedisSlotRange>> parse_redis_slots(const RedisReply& reply,
                                                             const RedisHost& asked) {
    if (!reply.is_array()) return std::nullopt;
    std::vector<RedisSlotRange> ranges;
    for (const RedisReply& range : reply.elements) {
        if (!range.is_array() || range.elements.size() < 3) return std::nullopt;
        const RedisReply& first = range.elements[0];
        const RedisReply& last = range.elements[1];
        auto master = parse_node(range.elements[2], asked);
        if (!is_slot(first) || !is_slot(last) || first.integer > last.integer || !master) return std::nullopt;
        ranges.push_back({.first = static_cast<std::uint16_t>(first.integer),
                          .last = static_cast<std::uint16_t>(last.integer),
                          .master = std::move(*master)});
    }
    return ranges;
}

}  // namespace sluice::store
