#include "app/config/lines.hpp"

#include <fmt/format.h>

#include "base/ip.hpp"

namespace sluice::app {

ConfigLines::ConfigLines(const std::string& file) : file_(file) {
    if (file.empty()) return;
    try {
        table_ = toml::parse_file(file);
    } catch (const toml::parse_error&) {
        file_.clear();
    }
}

std::string ConfigLines::at(const toml::node* node) const {
    if (file_.empty()) return "configuration";
    const std::string name = file_.substr(file_.rfind('/') + 1);
    return node == nullptr ? name : fmt::format("{}:{}", name, node->source().begin.line);
}

std::string ConfigLines::of_network(policy::Lane lane, std::string_view network) const {
    const toml::array* const list = table_["policy"]["networks"][name_of(lane)].as_array();
    if (list == nullptr) return at(nullptr);
    for (const toml::node& element : *list) {
        const auto written = Network::parse(element.value_or(std::string_view()));
        if (written && written->to_string() == network) return at(&element);
    }
    return at(nullptr);
}

std::string ConfigLines::of_dns_list(std::string_view zone) const {
    for (const char* const key : {"dnsbl", "dnswl"}) {
        const toml::array* const lists = table_["policy"][key].as_array();
        if (lists == nullptr) continue;
        for (const toml::node& list : *lists) {
            const toml::table* const table = list.as_table();
            const auto has = [&](const char* name) {
                return (*table)[name].value_or(std::string_view()) == zone;
            };
            if (table != nullptr && (has("zone") || has("shown_as"))) return at((*table)["zone"].node());
        }
    }
    return at(nullptr);
}

}  // namespace sluice::app
