// Messages about unknown keys and about values of the wrong type.
#include "app/config/read.hpp"

#include "app/config/keys.hpp"

namespace sluice::app {

namespace {

/// Whether the name is a top-level key or a section.
bool stands_at_the_top(std::string_view key) {
    const std::string prefix = std::string(key) + '.';
    return std::ranges::any_of(config_keys(), [&](const Key<Config>& row) {
        return row.name == key || row.name.starts_with(prefix);
    });
}

/// The names in the same section as `name`, without the section.
std::vector<std::string_view> beside(std::string_view name, const std::vector<std::string_view>& names) {
    const std::size_t dot = name.rfind('.');
    const std::string_view section = dot == std::string_view::npos ? "" : name.substr(0, dot + 1);
    std::vector<std::string_view> found;
    for (const std::string_view each : names)
        if (each.starts_with(section) && each.find('.', section.size()) == std::string_view::npos)
            found.push_back(each.substr(section.size()));
    return found;
}

}  // namespace

std::string list_for(std::string_view name, const toml::node& node, std::string_view form) {
    if (node.is_table()) return fmt::format("write [[{}]], in two brackets, for each", name);
    if (form == "table") return fmt::format("write [[{}]] for each, and its keys below", name);
    if (const auto* text = node.as_string())
        return fmt::format("write {} = [{}]", name, toml_string(text->get()));
    return fmt::format("write {} = [{}]", name, form);
}

std::string unknown_key(std::string_view key, std::string_view name, std::string_view owner,
                        const std::vector<std::string_view>& names) {
    constexpr std::size_t listed_max = 12;
    if (!owner.empty() && stands_at_the_top(key))
        return fmt::format(
            "unknown key {0}: {1} stands below {2} and belongs to it; write {1} above the first "
            "line in brackets",
            name, key, owner);
    const std::string_view nearest = nearest_name(name, names);
    if (!nearest.empty()) return fmt::format("unknown key {}; did you mean {}?", name, nearest);
    const std::vector<std::string_view> others = beside(name, names);
    if (!owner.empty() && !others.empty() && others.size() <= listed_max)
        return fmt::format("unknown key {}; {} has {}", name, owner, fmt::join(others, ", "));
    return fmt::format("unknown key {}; `sluice check --print-defaults` prints all there are", name);
}

std::string section_has_value(std::string_view name, const toml::node& node,
                              const std::vector<std::string_view>& names) {
    constexpr std::size_t listed_max = 4;
    std::vector<std::string_view> keys;
    const std::string prefix = std::string(name) + '.';
    for (const std::string_view each : names)
        if (each.starts_with(prefix)) keys.push_back(each);
    const bool all = keys.size() <= listed_max;
    if (!all) keys.resize(listed_max);
    return fmt::format("{} is a section with keys of its own ({}{}), and cannot be {}", name,
                       fmt::join(keys, ", "), all ? "" : ", …", found_in(node));
}

}  // namespace sluice::app
