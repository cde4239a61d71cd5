#include "load/class_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

namespace load {
namespace {

template <typename Number>
bool read(std::string_view text, Number& number) {
    const char* const end = std::to_address(text.end());
    const auto parsed = std::from_chars(std::to_address(text.begin()), end, number);
    return parsed.ec == std::errc{} && parsed.ptr == end && number >= Number{0};
}

bool read_flag(std::string_view text, bool& flag) {
    flag = text == "1" || text.empty();
    return flag || text == "0";
}

struct Key {
    std::string_view name;
    bool (*set)(ClassOptions&, std::string_view);
};

constexpr std::array keys{
    Key{"name",
        [](ClassOptions& c, std::string_view text) {
            c.name = text;
            return !text.empty();
        }},
    Key{"kind",
        [](ClassOptions& c, std::string_view text) {
            const auto kind = kind_named(text);
            if (kind) c.kind = *kind;
            return kind.has_value();
        }},
    Key{"sources",
        [](ClassOptions& c, std::string_view text) {
            c.sources = SourceAddresses::parse(text);
            return c.sources.has_value();
        }},
    Key{"recipient",
        [](ClassOptions& c, std::string_view text) {
            c.recipient = text;
            return !text.empty();
        }},
    Key{"clients",
        [](ClassOptions& c, std::string_view text) { return read(text, c.clients) && c.clients > 0; }},
    Key{"persistent",
        [](ClassOptions& c, std::string_view text) { return read(text, c.persistent) && c.persistent > 0; }},
    Key{"bounces",
        [](ClassOptions& c, std::string_view text) {
            return read(text, c.bounces_percent) && c.bounces_percent <= 100;
        }},
    Key{"drop", [](ClassOptions& c,
                   std::string_view text) { return read(text, c.drop_octets) && c.drop_octets > 0; }},
    Key{"interval_ms", [](ClassOptions& c,
                          std::string_view text) { return read(text, c.interval_ms) && c.interval_ms > 0; }},
    Key{"units", [](ClassOptions& c, std::string_view text) { return read(text, c.units); }},
    Key{"rate", [](ClassOptions& c, std::string_view text) { return read(text, c.arrivals_per_s); }},
    Key{"opened_per_s", [](ClassOptions& c, std::string_view text) { return read(text, c.opened_per_s); }},
    Key{"after", [](ClassOptions& c, std::string_view text) { return read(text, c.after_s); }},
    Key{"size", [](ClassOptions& c, std::string_view text) { return read(text, c.message_octets); }},
    Key{"recipients", [](ClassOptions& c, std::string_view text) { return read(text, c.recipients); }},
    Key{"timeout", [](ClassOptions& c, std::string_view text) { return read(text, c.timeout_s); }},
    Key{"read_every_ms", [](ClassOptions& c, std::string_view text) { return read(text, c.read_every_ms); }},
    Key{"patience", [](ClassOptions& c, std::string_view text) { return read(text, c.patience); }},
    Key{"pipelined", [](ClassOptions& c, std::string_view text) { return read_flag(text, c.pipelined); }},
    Key{"reset", [](ClassOptions& c, std::string_view text) { return read_flag(text, c.reset); }},
    Key{"dropped", [](ClassOptions& c, std::string_view text) { return read_flag(text, c.dropped); }},
    Key{"silent", [](ClassOptions& c, std::string_view text) { return read_flag(text, c.silent); }},
    Key{"random",
        [](ClassOptions& c, std::string_view text) { return read_flag(text, c.random_recipients); }},
};

}  // namespace

std::expected<ClassOptions, std::string> parse_class(std::string_view text) {
    ClassOptions options;
    bool has_kind = false;
    while (!text.empty()) {
        const std::string_view part = text.substr(0, text.find(','));
        text.remove_prefix(std::min(text.size(), part.size() + 1));
        const std::size_t equals = part.find('=');
        const std::string_view name = part.substr(0, equals);
        const std::string_view value =
            equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1);
        const auto* const key = std::ranges::find(keys, name, &Key::name);
        if (key == keys.end() || !key->set(options, value)) return std::unexpected(std::string(part));
        has_kind = has_kind || name == "kind";
    }
    if (!has_kind) return std::unexpected("no kind");
    if (options.name.empty()) options.name = name(options.kind);
    return options;
}

std::string class_keys() {
    std::string text;
    for (const Key& key : keys)
        text.append(text.empty() ? "" : ", ").append(key.name);
    return text;
}

}  // namespace load
