#include "app/postfix/postfix_settings.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <functional>
#include <ranges>
#include <utility>

namespace sluice::app {

namespace {

/// Calls `take(key, value)` for each line "key = value".
void each_setting(std::string_view text, const std::function<void(std::string_view, std::string)>& take) {
    while (!text.empty()) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        // An empty value is printed as "name =" or "name = ".
        const std::size_t equals = line.find(" =");
        if (equals == 0 || equals == std::string_view::npos) continue;
        std::string_view value = line.substr(equals + 2);
        while (value.starts_with(' '))
            value.remove_prefix(1);
        while (value.ends_with(' '))
            value.remove_suffix(1);
        take(line.substr(0, equals), std::string(value));
    }
}

struct Key {
    std::string_view name, type, item;
};

/// Splits "127.0.0.1:10025/inet/chroot" into its three parts; the name may contain slashes.
std::optional<Key> split_key(std::string_view key) {
    const std::size_t item = key.rfind('/');
    if (item == std::string_view::npos || item == 0) return std::nullopt;
    const std::size_t type = key.rfind('/', item - 1);
    if (type == std::string_view::npos) return std::nullopt;
    return Key{key.substr(0, type), key.substr(type + 1, item - type - 1), key.substr(item + 1)};
}

PostfixService& service_for(PostfixSettings& settings, const Key& key) {
    // The service being read is the last one; an entry that is there twice is one service.
    for (PostfixService& service : std::views::reverse(settings.services))
        if (service.name == key.name && service.type == key.type) return service;
    return settings.services.emplace_back(
        PostfixService{.name = std::string(key.name), .type = std::string(key.type)});
}

std::string_view without_brackets(std::string_view host) {
    return host.starts_with('[') && host.ends_with(']') ? host.substr(1, host.size() - 2) : host;
}

/// The names in /etc/services.
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> named_ports = {
    {{"smtp", "25"}, {"smtps", "465"}, {"submissions", "465"}, {"urd", "465"}, {"submission", "587"}}};

bool is_zero_time(std::string_view value) {
    return !value.empty() && value.find_first_not_of('0') >= value.size() - 1 && value.front() == '0';
}

}  // namespace

std::string PostfixOption::to_string() const {
    if (value.find_first_of(" \t") == std::string::npos) return fmt::format("-o {}={}", name, value);
    return fmt::format("-o {{ {} = {} }}", name, value);
}

std::optional<std::string> PostfixService::option(std::string_view wanted) const {
    for (const PostfixOption& option : std::views::reverse(options))
        if (option.name == wanted) return option.value;
    return std::nullopt;
}

std::string PostfixSettings::parameter(std::string_view name) const {
    const auto found = parameters.find(name);
    return found == parameters.end() ? std::string() : found->second;
}

const PostfixService* PostfixSettings::service(std::string_view name, std::string_view type) const {
    const auto found = std::ranges::find_if(services, [&](const PostfixService& service) {
        return service.name == name && service.type == type;
    });
    return found == services.end() ? nullptr : &*found;
}

std::string PostfixSettings::effective(const PostfixService& service, std::string_view name) const {
    return service.option(name).value_or(parameter(name));
}

PostfixSettings parse_postfix(std::string_view parameters, std::string_view fields,
                              std::string_view options) {
    PostfixSettings settings;
    each_setting(parameters, [&](std::string_view name, std::string value) {
        settings.parameters[std::string(name)] = std::move(value);
    });
    each_setting(fields, [&](std::string_view key, const std::string& value) {
        const auto parts = split_key(key);
        if (!parts) return;
        PostfixService& service = service_for(settings, *parts);
        if (parts->item == "chroot") service.chroot = value;
        if (parts->item == "process_limit") service.processes = value;
        if (parts->item == "command") service.command = value.substr(0, value.find(' '));
    });
    each_setting(options, [&](std::string_view key, std::string value) {
        if (const auto parts = split_key(key))
            service_for(settings, *parts).options.push_back({std::string(parts->item), std::move(value)});
    });
    return settings;
}

std::string service_port(std::string_view name) {
    const std::size_t colon = name.rfind(':');
    if (colon != std::string_view::npos) name.remove_prefix(colon + 1);
    for (const auto& [known, port] : named_ports)
        if (name == known) return std::string(port);
    return std::string(name);
}

std::vector<std::string> list_words(std::string_view list) {
    constexpr std::string_view separators = ", \t";
    std::vector<std::string> words;
    std::string word;
    int depth = 0;
    for (const char c : list) {
        if (depth == 0 && separators.find(c) != std::string_view::npos) {
            if (!word.empty()) words.push_back(std::exchange(word, {}));
            continue;
        }
        if (c == '{') ++depth;
        if (c == '}') --depth;
        word += c;
    }
    if (!word.empty()) words.push_back(std::move(word));
    return words;
}

bool listens_at(const PostfixService& service, const net::ServerAddress& address) {
    if (address.is_unix()) return service.type == "unix" && address.path.ends_with("/" + service.name);
    if (service.type != "inet" || service_port(service.name) != std::to_string(address.tcp.port))
        return false;
    const std::size_t colon = service.name.rfind(':');
    if (colon == std::string::npos) return true;
    const std::string_view host = without_brackets(std::string_view(service.name).substr(0, colon));
    return host == address.tcp.address.to_string() ||
           (host == "localhost" && address.tcp.address.is_loopback());
}

const PostfixService* service_at(const PostfixSettings& settings, const net::ServerAddress& address) {
    for (const PostfixService& service : settings.services)
        if (listens_at(service, address)) return &service;
    return nullptr;
}

bool brakes_verification(const PostfixSettings& settings, const PostfixService& listener) {
    const std::string name = settings.effective(listener, "cleanup_service_name");
    const PostfixService* cleanup = settings.service(name.empty() ? "cleanup" : name, "unix");
    if (cleanup == nullptr || listener.command != "smtpd") return false;
    return !is_zero_time(settings.effective(*cleanup, "in_flow_delay"));
}

}  // namespace sluice::app
