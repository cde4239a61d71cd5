// The return codes of DNS lists: `accept`, and `codes` with a weight for each.
#include <algorithm>
#include <fmt/format.h>
#include <vector>

#include "app/config/key.hpp"
#include "app/config/lists.hpp"
#include "policy/dns_list.hpp"

namespace sluice::app {

void add_return_codes(ConfigReading& reading, const toml::node& element, policy::DnsListOptions& list) {
    const auto* text = element.as_string();
    if (text == nullptr)
        return reading.fault(element,
                             fmt::format("expected {}, not {}", return_codes_form, found_in(element)));
    const auto codes = policy::ReturnCodes::parse(text->get());
    if (!codes)
        return reading.fault(element, fmt::format("\"{}\" is not {}", text->get(), return_codes_form));
    list.accept.push_back(*codes);
}

namespace {

constexpr std::int64_t weight_max = 1'000'000;

struct Entry {
    std::string_view text;
    policy::ReturnCodes codes;
    toml::source_position at;
    int weight;
};

/// Nothing when the entry is faulty; the error is then already reported.
std::optional<Entry> read_entry(ConfigReading& reading, const toml::key& key, const toml::node& node) {
    const auto& at = key.source().begin;
    const auto codes = policy::ReturnCodes::parse(key.str());
    if (!codes) {
        reading.fault(at, fmt::format("\"{}\" is not {}", key.str(), return_codes_form));
        return std::nullopt;
    }
    const auto* weight = node.as_integer();
    if (weight == nullptr || weight->get() < -weight_max || weight->get() > weight_max) {
        reading.fault(node, fmt::format("the weight of \"{}\" must be an integer, {}", key.str(),
                                        bounds_text(-weight_max, weight_max, false)));
        return std::nullopt;
    }
    return Entry{.text = key.str(), .codes = *codes, .at = at, .weight = static_cast<int>(weight->get())};
}

}  // namespace

void read_code_weights(ConfigReading& reading, const toml::table& entries, policy::DnsListOptions& list) {
    constexpr std::size_t most = policy::DnsListOptions::codes_max;
    if (entries.size() > most)
        return reading.fault(entries, fmt::format("codes has more than {} entries", most));
    std::vector<Entry> read;
    for (const auto& [key, node] : entries)
        if (const auto entry = read_entry(reading, key, node)) read.push_back(*entry);
    // toml++ returns keys in alphabetical order: report the place that comes later in the file.
    std::ranges::sort(read, [](const Entry& a, const Entry& b) { return a.at < b.at; });
    for (std::size_t i = 0; i < read.size(); ++i) {
        const auto clashes = [&](const Entry& before) { return before.codes.overlaps(read[i].codes); };
        const auto before =
            std::find_if(read.begin(), read.begin() + static_cast<std::ptrdiff_t>(i), clashes);
        if (before != read.begin() + static_cast<std::ptrdiff_t>(i))
            reading.fault(read[i].at, fmt::format("\"{}\" overlaps with \"{}\"", read[i].text, before->text));
        list.codes.push_back(
            {.codes = read[i].codes, .weight = list.allow ? -read[i].weight : read[i].weight});
    }
    list.only_codes = true;
}

}  // namespace sluice::app
