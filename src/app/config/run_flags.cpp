#include "app/config/run_flags.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace sluice::app {

namespace {

void wrong(std::vector<ConfigError>& errors, std::string_view flag, std::string_view value) {
    errors.push_back({{}, 0, 0, fmt::format("{} {}: not an address", flag, value)});
}

void lay_over(const RunFlags& flags, Config& config, std::vector<ConfigError>& errors) {
    if (!flags.listen.empty()) config.listen.clear();
    for (const std::string& text : flags.listen) {
        const auto endpoint = net::Endpoint::parse(text);
        if (!endpoint)
            wrong(errors, "--listen", text);
        else if (std::ranges::find(config.listen, *endpoint) == config.listen.end())
            config.listen.push_back(*endpoint);
    }
    if (!flags.relay.empty()) config.relay.upstreams.clear();
    for (const std::string& text : flags.relay) {
        const auto address = net::ServerAddress::parse(text);
        if (!address) {
            wrong(errors, "--relay", text);
            continue;
        }
        relay::UpstreamOptions upstream;
        upstream.address = *address;
        config.relay.upstreams.push_back(upstream);
    }
    if (flags.workers) config.workers = *flags.workers;
    if (flags.state_dir) config.state_dir = *flags.state_dir;
    if (flags.log) config.log.format = *flags.log == "pretty" ? LogFormat::pretty : LogFormat::json;
}

}  // namespace

ConfigResult<Config> configure(const RunFlags& flags) {
    ConfigResult<Config> config = flags.config.empty() ? Config() : load_config(flags.config);
    if (!config) return config;
    std::vector<ConfigError> errors;
    lay_over(flags, *config, errors);
    if (!errors.empty()) return std::unexpected(std::move(errors));
    return finish_config(std::move(*config));
}

}  // namespace sluice::app
