#include "net/dns_record.hpp"

#include <array>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

namespace sluice::net {

namespace {

/// Reads a name from its wire form (RFC 1035 3.1), without the final dot; libunbound has uncompressed it.
std::optional<std::string> name_from_wire(std::span<const unsigned char> wire) {
    std::string name;
    while (!wire.empty() && wire[0] != 0) {
        const std::size_t length = wire[0];
        if (length > 63 || wire.size() < length + 2) return std::nullopt;
        if (!name.empty()) name += '.';
        name.append(reinterpret_cast<const char*>(wire.data() + 1), length);
        wire = wire.subspan(length + 1);
    }
    if (wire.size() != 1) return std::nullopt;
    return name;
}

/// The character-strings of one TXT record, concatenated, as RFC 7208 3.3 and others read them.
std::optional<std::string> text_from_wire(std::span<const unsigned char> wire) {
    std::string text;
    while (!wire.empty()) {
        const std::size_t length = wire[0];
        if (wire.size() < length + 1) return std::nullopt;
        text.append(reinterpret_cast<const char*>(wire.data() + 1), length);
        wire = wire.subspan(length + 1);
    }
    return text;
}

/// Reads a message from its beginning; past its end every value is 0, and the reader has failed.
class MessageReader {
  public:
    explicit MessageReader(std::span<const unsigned char> message) : rest_(message) {}

    bool failed() const { return failed_; }

    unsigned number16() {
        if (!has(2)) return 0;
        const unsigned number = (unsigned{rest_[0]} << 8U) | rest_[1];
        rest_ = rest_.subspan(2);
        return number;
    }
    void skip(std::size_t octets) {
        if (has(octets)) rest_ = rest_.subspan(octets);
    }
    /// Skips a name; a compression pointer ends it.
    void skip_name() {
        while (has(1)) {
            const std::size_t length = rest_[0];
            const bool pointer = length >= 0xc0;
            skip(pointer ? 2 : length + 1);
            if (pointer || length == 0) return;
        }
    }

  private:
    bool has(std::size_t octets) {
        failed_ = failed_ || rest_.size() < octets;
        return !failed_;
    }

    std::span<const unsigned char> rest_;
    bool failed_ = false;
};

}  // namespace

bool is_referral(std::span<const unsigned char> message) {
    constexpr unsigned type_ns = 2;
    constexpr unsigned type_soa = 6;
    MessageReader reader(message);
    reader.skip(4);  // identifier, flags
    const unsigned questions = reader.number16();
    const unsigned answers = reader.number16();
    const unsigned authorities = reader.number16();
    reader.skip(2);
    for (unsigned i = 0; i < questions && !reader.failed(); ++i) {
        reader.skip_name();
        reader.skip(4);
    }
    bool names_servers = false;
    for (unsigned i = 0; i < authorities && !reader.failed(); ++i) {
        reader.skip_name();
        const unsigned type = reader.number16();
        if (type == type_soa) return false;
        names_servers = names_servers || type == type_ns;
        reader.skip(6);  // class, TTL
        reader.skip(reader.number16());
    }
    return answers == 0 && names_servers && !reader.failed();
}

bool add_record(DnsAnswer& answer, DnsType type, std::span<const unsigned char> wire) {
    if (type == DnsType::a && wire.size() == 4) {
        std::array<std::uint8_t, 4> octets;
        std::memcpy(octets.data(), wire.data(), octets.size());
        answer.addresses.push_back(IpAddress::v4(octets));
        return true;
    }
    if (type == DnsType::aaaa && wire.size() == 16) {
        std::array<std::uint8_t, 16> octets;
        std::memcpy(octets.data(), wire.data(), octets.size());
        answer.addresses.push_back(IpAddress::v6(octets));
        return true;
    }
    if (type == DnsType::tlsa) {
        answer.records.emplace_back(reinterpret_cast<const char*>(wire.data()), wire.size());
        return true;
    }
    constexpr std::size_t preference_octets = 2;
    std::optional<std::string> text;
    if (type == DnsType::mx && wire.size() > preference_octets)
        text = name_from_wire(wire.subspan(preference_octets));
    if (type == DnsType::ptr) text = name_from_wire(wire);
    if (type == DnsType::txt) text = text_from_wire(wire);
    if (text) answer.texts.push_back(std::move(*text));
    return text.has_value();
}

}  // namespace sluice::net
