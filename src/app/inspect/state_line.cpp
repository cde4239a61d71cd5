#include "app/inspect/state_line.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <optional>

#include "base/ascii.hpp"
#include "base/shown_text.hpp"
#include "base/utf8.hpp"
#include "store/keys.hpp"
#include "store/message.hpp"

namespace sluice::app {

namespace {

namespace json = boost::json;

/// A field that is missing or has a wrong value.
struct Fault {
    std::string text;
};

std::string hexadecimal(std::string_view octets) {
    std::string text;
    for (const char c : octets) {
        const auto octet = static_cast<unsigned char>(c);
        text += ascii::hex_digits[octet >> 4U];
        text += ascii::hex_digits[octet & 0xfU];
    }
    return text;
}

std::string octets_of(std::string_view hex) {
    std::string octets;
    if (hex.size() % 2 != 0) throw Fault{"not hexadecimal"};
    for (; !hex.empty(); hex.remove_prefix(2)) {
        const int octet = ascii::hex_octet(hex.substr(0, 2));
        if (octet < 0) throw Fault{"not hexadecimal"};
        octets += static_cast<char>(octet);
    }
    return octets;
}

void write_text(json::object& out, std::string_view name, std::string_view text) {
    if (utf8::is_valid(text))
        out[name] = text;
    else
        out[std::string(name) + "_hex"] = hexadecimal(text);
}

const json::value& field(const json::object& in, std::string_view name) {
    const json::value* const found = in.if_contains(name);
    if (found == nullptr) throw Fault{fmt::format("{} is missing", name)};
    return *found;
}

std::string read_text(const json::object& in, std::string_view name) {
    const std::string hex = std::string(name) + "_hex";
    const bool plain = in.contains(name) || !in.contains(hex);
    const json::string* const text = field(in, plain ? name : std::string_view(hex)).if_string();
    if (text == nullptr) throw Fault{fmt::format("{} must be a string", name)};
    return plain ? std::string(*text) : octets_of(*text);
}

double read_number(const json::value& value, std::string_view name) {
    boost::system::error_code failed;
    const auto number = value.to_number<double>(failed);
    if (failed) throw Fault{fmt::format("{} must be a number", name)};
    return number;
}

Seconds read_seconds(const json::object& in, std::string_view name) {
    boost::system::error_code failed;
    const auto number = field(in, name).to_number<std::int64_t>(failed);
    if (failed) throw Fault{fmt::format("{} must be a whole number", name)};
    return Seconds{number};
}

store::Counts read_counts(const json::object& in) {
    const json::array* const list = field(in, "counts").if_array();
    store::Counts counts{};
    if (list == nullptr || list->size() != counts.size())
        throw Fault{fmt::format("counts must be a list of {}", counts.size())};
    for (std::size_t i = 0; i < counts.size(); ++i) {
        boost::system::error_code failed;
        counts[i] = (*list)[i].to_number<std::uint32_t>(failed);
        if (failed) throw Fault{"counts must be whole numbers"};
    }
    return counts;
}

store::Operation operation_of(const json::object& in) {
    store::Operation operation{.verb = store::Verb::put, .key = read_text(in, "key")};
    const std::string kind = read_text(in, "kind");
    if (kind == "value") {
        operation.value = read_text(in, "value");
        operation.term = read_seconds(in, "left_s");
    } else if (kind == "evidence") {
        operation.verb = store::Verb::weigh;
        operation.good = read_number(field(in, "good"), "good");
        operation.bad = read_number(field(in, "bad"), "bad");
        operation.term = read_seconds(in, "half_life_s");
    } else if (kind == "counts") {
        operation.verb = store::Verb::count;
        operation.counts = read_counts(in);
        operation.term = read_seconds(in, "window_s");
    } else {
        throw Fault{"kind must be value, evidence or counts"};
    }
    const bool is_command = operation.key.starts_with(store::command_space);
    if (is_command || !store::acceptable(operation))
        throw Fault{"no record of the memory is like that: a text is too long, or a number out of bounds"};
    return operation;
}

}  // namespace

std::string state_line(const store::Outcome& record) {
    json::object out;
    write_text(out, "key", record.key);
    if (record.kind == store::Verb::weigh) {
        out["kind"] = "evidence";
        out["good"] = record.good;
        out["bad"] = record.bad;
        out["half_life_s"] = record.term.count();
    } else if (record.kind == store::Verb::count) {
        out["kind"] = "counts";
        json::array counts;
        for (const std::uint32_t count : record.counts)
            counts.emplace_back(count);
        out["counts"] = std::move(counts);
        out["window_s"] = record.term.count();
    } else {
        out["kind"] = "value";
        write_text(out, "value", record.value);
    }
    out["age_s"] = record.age.count();
    out["left_s"] = record.left.count();
    return shown_json(json::serialize(out));
}

std::expected<store::Operation, std::string> read_state_line(std::string_view line) {
    boost::system::error_code failed;
    const json::value value = json::parse(line, failed);
    if (failed) return std::unexpected(failed.message());
    const json::object* const object = value.if_object();
    if (object == nullptr) return std::unexpected("not a JSON object");
    try {
        return operation_of(*object);
    } catch (const Fault& fault) {
        return std::unexpected(fault.text);
    }
}

}  // namespace sluice::app
