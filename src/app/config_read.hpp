// Reads TOML tables by rows of keys (config_key.hpp).
#pragma once

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <toml++/toml.h>
#include <vector>

#include "app/config_key.hpp"
#include "app/config_reading.hpp"
#include "app/retired_keys.hpp"

namespace sluice::app {

inline void wrong_type(ConfigReading& reading, std::string_view name, const toml::node& node,
                       std::string_view wanted) {
    reading.fault(node, fmt::format("{} must be {}, not {}", name, wanted, type_of(node)));
}

template <class T>
void read_value(ConfigReading& reading, std::string_view name, const IntegerKind<T>& kind,
                const toml::node& node, T& target) {
    const toml::value<std::int64_t>* value = node.as_integer();
    if (value == nullptr) return wrong_type(reading, name, node, "an integer");
    const std::int64_t number = value->get();
    const bool zero = kind.zero_too && number == 0;
    if (!zero && (number < kind.least || number > kind.most)) {
        const std::string_view colon = kind.why.empty() ? "" : ": ";
        return reading.fault(
            node, fmt::format("{} must be {}{}{}", name, bounds_text(kind.least, kind.most, kind.zero_too),
                              colon, kind.why));
    }
    kind.set(target, number);
}

template <class T>
void read_value(ConfigReading& reading, std::string_view name, const BooleanKind<T>& kind,
                const toml::node& node, T& target) {
    const toml::value<bool>* value = node.as_boolean();
    if (value == nullptr) return wrong_type(reading, name, node, "true or false");
    kind.at(target) = value->get();
}

template <class T>
void read_value(ConfigReading& reading, std::string_view name, const TextKind<T>& kind,
                const toml::node& node, T& target) {
    const toml::value<std::string>* value = node.as_string();
    if (value == nullptr) return wrong_type(reading, name, node, "a string");
    if (kind.good != nullptr && !kind.good(value->get()))
        return reading.fault(node, fmt::format("{} must be {}", name, kind.form));
    kind.at(target) = value->get();
}

template <class T>
void read_value(ConfigReading& reading, std::string_view name, const ChoiceKind<T>& kind,
                const toml::node& node, T& target) {
    const toml::value<std::string>* value = node.as_string();
    const auto found =
        value == nullptr ? kind.names.end() : std::ranges::find(kind.names, std::string_view(value->get()));
    if (found == kind.names.end())
        return reading.fault(node, fmt::format("{} must be one of \"{}\"", name,
                                               fmt::join(kind.names.begin(), kind.names.end(), "\", \"")));
    kind.set(target, static_cast<std::size_t>(found - kind.names.begin()));
}

template <class T>
void read_value(ConfigReading& reading, std::string_view name, const ListKind<T>& kind,
                const toml::node& node, T& target) {
    const toml::array* array = node.as_array();
    if (array == nullptr) return wrong_type(reading, name, node, "a list");
    kind.clear(target);
    for (const toml::node& element : *array)
        kind.add(reading, element, target);
}

template <class T>
void read_value(ConfigReading& reading, std::string_view name, const TableKind<T>& kind,
                const toml::node& node, T& target) {
    const toml::table* table = node.as_table();
    if (table == nullptr) return wrong_type(reading, name, node, "a table");
    kind.read(reading, *table, target);
}

/// Reads `table`, whose own name is `path` ("" for the file itself, else with the sections above it), into
/// `target`. A key is a row, or a section that rows lie in; anything else is a fault that names the nearest.
template <class T>
void read_table(ConfigReading& reading, std::span<const Key<T>> keys, const std::string& path,
                const toml::table& table, T& target) {
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
                wrong_type(reading, name, node, "a table");
            continue;
        }
        if (const std::string_view instead = instead_of(name); !instead.empty()) {
            reading.fault(key.source().begin, fmt::format("{} is no key any more: {}", name, instead));
            continue;
        }
        std::vector<std::string_view> names;
        for (const Key<T>& any : keys)
            names.push_back(any.name);
        const std::string_view nearest = nearest_name(name, names);
        reading.fault(key.source().begin,
                      nearest.empty() ? fmt::format("unknown key {}", name)
                                      : fmt::format("unknown key {}; did you mean {}?", name, nearest));
    }
}

}  // namespace sluice::app
