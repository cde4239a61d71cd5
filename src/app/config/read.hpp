// Reads TOML tables by rows of keys (key.hpp).
#pragma once

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <toml++/toml.h>
#include <vector>

#include "app/config/key.hpp"
#include "app/config/reading.hpp"
#include "app/config/retired_keys.hpp"
#include "base/shown_text.hpp"

namespace sluice::app {

/// `example` shows the key written correctly, as TOML; empty = no example.
inline void wrong_type(ConfigReading& reading, std::string_view name, const toml::node& node,
                       std::string_view wanted, const std::string& example = {}) {
    reading.fault(node,
                  fmt::format("{} must be {}, not {}{}", name, wanted, found_in(node),
                              example.empty() ? "" : fmt::format("; for example {} = {}", name, example)));
}

template <class T>
void read_value(ConfigReading& reading, std::string_view name, const IntegerKind<T>& kind,
                const toml::node& node, T& target) {
    const toml::value<std::int64_t>* value = node.as_integer();
    if (value == nullptr)
        return wrong_type(reading, name, node, "an integer", fmt::to_string(kind.get(target)));
    const std::int64_t number = value->get();
    const bool zero = kind.zero_too && number == 0;
    if (!zero && (number < kind.least || number > kind.most)) {
        const std::string_view colon = kind.why.empty() ? "" : ": ";
        return reading.fault(
            node, fmt::format("{} must be {}, not {}{}{}", name,
                              bounds_text(kind.least, kind.most, kind.zero_too), number, colon, kind.why));
    }
    kind.set(target, number);
}

template <class T>
void read_value(ConfigReading& reading, std::string_view name, const BooleanKind<T>& kind,
                const toml::node& node, T& target) {
    const toml::value<bool>* value = node.as_boolean();
    if (value == nullptr)
        return wrong_type(reading, name, node, "true or false", kind.at(target) ? "true" : "false");
    kind.at(target) = value->get();
}

/// An example of a text value, for messages.
template <class T>
std::string example_of(const TextKind<T>& kind, T& target) {
    if (!kind.example.empty()) return toml_string(kind.example);
    return kind.at(target).empty() ? std::string() : toml_string(kind.at(target));
}

template <class T>
void read_value(ConfigReading& reading, std::string_view name, const TextKind<T>& kind,
                const toml::node& node, T& target) {
    const toml::value<std::string>* value = node.as_string();
    if (value == nullptr) return wrong_type(reading, name, node, "a string", example_of(kind, target));
    if (kind.good != nullptr && !kind.good(value->get())) {
        const std::string example = example_of(kind, target);
        return reading.fault(
            node, fmt::format("{} must be {}{}{}", name, kind.form,
                              kind.why != nullptr ? ": " + kind.why(value->get())
                                                  : fmt::format(", not \"{}\"", shown(value->get())),
                              example.empty() ? "" : fmt::format("; for example {} = {}", name, example)));
    }
    kind.at(target) = value->get();
}

template <class T>
void read_value(ConfigReading& reading, std::string_view name, const ChoiceKind<T>& kind,
                const toml::node& node, T& target) {
    const toml::value<std::string>* value = node.as_string();
    const auto found =
        value == nullptr ? kind.names.end() : std::ranges::find(kind.names, std::string_view(value->get()));
    if (found == kind.names.end())
        return reading.fault(
            node, fmt::format("{} must be one of \"{}\", not {}", name,
                              fmt::join(kind.names.begin(), kind.names.end(), "\", \""), found_in(node)));
    kind.set(target, static_cast<std::size_t>(found - kind.names.begin()));
}

/// Shows how a list is written, using the value that stands in its place.
std::string list_for(std::string_view name, const toml::node& node, std::string_view form);

template <class T>
void read_value(ConfigReading& reading, std::string_view name, const ListKind<T>& kind,
                const toml::node& node, T& target) {
    const toml::array* array = node.as_array();
    if (array == nullptr)
        return reading.fault(node, fmt::format("{} must be a list, not {}; {}", name, found_in(node),
                                               list_for(name, node, kind.form)));
    kind.clear(target);
    for (const toml::node& element : *array)
        kind.add(reading, element, target);
}

template <class T>
void read_value(ConfigReading& reading, std::string_view name, const TableKind<T>& kind,
                const toml::node& node, T& target) {
    const toml::table* table = node.as_table();
    if (table == nullptr)
        return reading.fault(node, fmt::format("{} must be a table, not {}; for example {} = {{ {} }}", name,
                                               found_in(node), name, kind.form));
    kind.read(reading, *table, target);
}

/// The message about an unknown key. It may be a top-level key that follows the line of a section or a table,
/// `owner` ("[relay]", "[[relay.mta]]"; empty = it stands at the top). `key` is the key as written, `name`
/// includes the section, `names` are the known keys.
std::string unknown_key(std::string_view key, std::string_view name, std::string_view owner,
                        const std::vector<std::string_view>& names);

/// The message about a section name that has a value in place of keys.
std::string section_has_value(std::string_view name, const toml::node& node,
                              const std::vector<std::string_view>& names);

/// Reads `table` into `target`. `path` is the table's name with its sections ("" for the file itself). A key
/// is a row, or a section that contains rows; any other key is an error that names the nearest one. `owner`
/// is the line that opens a table which is no section ("[[relay.mta]]").
template <class T>
void read_table(ConfigReading& reading, std::span<const Key<T>> keys, const std::string& path,
                const toml::table& table, T& target, std::string_view owner = {}) {
    std::vector<std::string_view> names;
    for (const Key<T>& any : keys)
        names.push_back(any.name);
    for (const auto& [key, node] : table) {
        const std::string name =
            path.empty() ? std::string(key.str()) : fmt::format("{}.{}", path, key.str());
        const auto row = std::ranges::find(keys, std::string_view(name), &Key<T>::name);
        if (row != keys.end()) {
            std::visit([&](const auto& kind) { read_value(reading, name, kind, node, target); }, row->kind);
            continue;
        }
        const std::string prefix = name + '.';
        if (std::ranges::any_of(keys, [&](const Key<T>& any) { return any.name.starts_with(prefix); })) {
            if (node.is_table())
                read_table(reading, keys, name, *node.as_table(), target);
            else
                reading.fault(node, section_has_value(name, node, names));
            continue;
        }
        if (const std::string_view instead = instead_of(name); !instead.empty()) {
            reading.fault(key.source().begin, fmt::format("{} is no key any more: {}", name, instead));
            continue;
        }
        const std::string section = path.empty() ? std::string(owner) : fmt::format("[{}]", path);
        reading.fault(key.source().begin, unknown_key(key.str(), name, section, names));
    }
}

}  // namespace sluice::app
