#include "app/config/reading.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <tuple>

#include "base/shown_text.hpp"

namespace sluice::app {

namespace {

/// Levenshtein distance. The plain algorithm is enough: names are short, and there are a hundred of them.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row;
    for (std::size_t j = 0; j <= b.size(); ++j)
        row.push_back(j);
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t substituted = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, substituted});
        }
    }
    return row.back();
}

/// The part after the last dot.
std::string_view last_part(std::string_view name) {
    const auto dot = name.rfind('.');
    return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

}  // namespace

void ConfigReading::fault(const toml::source_position& at, std::string text) {
    errors_.push_back({file_, at.line, at.column, std::move(text)});
}

bool ConfigReading::list_network(const std::string& network, policy::Lane lane,
                                 const toml::source_position& at) {
    const auto [entry, added] = networks_.try_emplace(network, Listed{lane, at});
    if (added || entry->second.lane == lane) return true;
    // toml++ returns keys in alphabetical order: report the place that comes later in the file.
    Listed first = entry->second;
    Listed second{lane, at};
    if (second.at < first.at) std::swap(first, second);
    fault(second.at,
          fmt::format("{} is on two lists: policy.networks.{} here, and policy.networks.{} at {}:{}", network,
                      policy::name_of(second.lane), policy::name_of(first.lane), first.at.line,
                      first.at.column));
    return false;
}

std::vector<ConfigError> ConfigReading::take_errors() {
    std::ranges::stable_sort(errors_, {},
                             [](const ConfigError& error) { return std::tuple(error.line, error.column); });
    return std::move(errors_);
}

std::string_view type_of(const toml::node& node) {
    switch (node.type()) {
        case toml::node_type::table: return "a table";
        case toml::node_type::array: return "a list";
        case toml::node_type::string: return "a string";
        case toml::node_type::integer: return "an integer";
        case toml::node_type::floating_point: return "a floating-point number";
        case toml::node_type::boolean: return "a boolean";
        default: return "a date or time";
    }
}

std::string found_in(const toml::node& node) {
    constexpr std::size_t text_max = 60;
    if (const auto* text = node.as_string(); text != nullptr && text->get().size() <= text_max)
        return fmt::format("the string \"{}\"", shown(text->get()));
    if (const auto* number = node.as_integer()) return fmt::format("the integer {}", number->get());
    if (const auto* truth = node.as_boolean()) return truth->get() ? "true" : "false";
    return std::string(type_of(node));
}

std::string_view nearest_name(std::string_view name, const std::vector<std::string_view>& names) {
    std::string_view nearest;
    std::size_t least = std::max<std::size_t>(2, last_part(name).size() / 3) + 1;
    for (const std::string_view candidate : names) {
        // A correct name in the wrong section is as likely as a typing error.
        const std::size_t apart = last_part(name) == last_part(candidate) ? 1 : distance(name, candidate);
        if (apart < least) {
            least = apart;
            nearest = candidate;
        }
    }
    return nearest;
}

}  // namespace sluice::app
