#include "app/inspect/log_query.hpp"

#include <boost/json.hpp>

#include "base/ascii.hpp"

namespace sluice::app {

namespace json = boost::json;

std::string_view text_of(const json::object& line, std::string_view key) {
    const json::value* const found = line.if_contains(key);
    const json::string* const text = found == nullptr ? nullptr : found->if_string();
    return text == nullptr ? std::string_view() : std::string_view(text->data(), text->size());
}

std::optional<LogQuery> LogQuery::parse(std::string_view text) {
    if (text == "<>") return LogQuery(Address{});
    if (text.starts_with('<') && text.ends_with('>')) text = text.substr(1, text.size() - 2);
    if (text.empty()) return std::nullopt;
    if (text.contains('@')) return LogQuery(Address{ascii::to_lower(text)});
    if (const auto network = Network::parse(text)) return LogQuery(*network);
    if (text.contains('/')) return std::nullopt;
    return LogQuery(Name{ascii::to_lower(text)});
}

bool LogQuery::is_about(std::string_view address) const {
    const auto* const sought = std::get_if<Address>(&what_);
    if (sought == nullptr) return false;
    const std::string lowered = ascii::to_lower(address);
    return sought->lowered.starts_with('@') ? lowered.ends_with(sought->lowered) : lowered == sought->lowered;
}

bool LogQuery::has_address(const json::object& line) const {
    if (text_of(line, "event") != "transaction") return false;
    if (is_about(text_of(line, "sender"))) return true;
    for (const char* const key : {"recipients", "refused"}) {
        const json::value* const list = line.if_contains(key);
        if (list == nullptr || !list->is_array()) continue;
        for (const json::value& each : list->get_array()) {
            if (const auto* const text = each.if_string();
                text != nullptr && is_about({text->data(), text->size()}))
                return true;
            const auto* const refused = each.if_object();
            if (refused != nullptr && is_about(text_of(*refused, "recipient"))) return true;
        }
    }
    return false;
}

bool LogQuery::matches(const json::object& line) const {
    if (is_address()) return has_address(line);
    if (const auto* const network = std::get_if<Network>(&what_)) {
        const auto client = IpAddress::parse(text_of(line, "client"));
        return client && network->contains(*client);
    }
    const std::string& sought = std::get<Name>(what_).lowered;
    for (const char* const key : {"helo", "name"}) {
        const std::string name = ascii::to_lower(text_of(line, key));
        if (name == sought || name.ends_with("." + sought)) return true;
    }
    return false;
}

}  // namespace sluice::app
