#include "app/check/own_clients.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <fmt/format.h>
#include <optional>

#include "app/inspect/log_file_reader.hpp"
#include "app/inspect/log_query.hpp"

namespace sluice::app {

namespace {

namespace json = boost::json;

bool is_suspect(std::string_view lane) {
    return lane == "slow" || lane == "defer" || lane == "reject";
}

/// A cheap test first: most lines are about good clients and need not be parsed.
bool may_matter(std::string_view line) {
    if (!line.contains(R"("event":"session")")) return false;
    return !line.contains(R"("lane":"fast")") || line.contains(R"("would_be":)") ||
           line.contains(R"("outcome":"greylisted")");
}

}  // namespace

std::vector<Network> private_networks() {
    std::vector<Network> networks;
    for (const char* const text : {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"})
        if (const auto network = Network::parse(text)) networks.push_back(*network);
    return networks;
}

void OwnClients::take(std::string_view line) {
    if (!may_matter(line)) return;
    boost::system::error_code error;
    const json::value value = json::parse(json::string_view(line.data(), line.size()), error);
    if (error.failed() || !value.is_object()) return;
    const json::object& session = value.get_object();
    const bool held = is_suspect(text_of(session, "lane")) || text_of(session, "outcome") == "greylisted";
    const bool would_be = is_suspect(text_of(session, "would_be")) || session.contains("would_be_greylisted");
    const auto client = IpAddress::parse(text_of(session, "client"));
    if ((!held && !would_be) || !client) return;
    const auto holds = [&](const Network& network) { return network.contains(*client); };
    if (!std::ranges::any_of(own_, holds)) return;
    const std::string name = client->to_string();
    if (!sessions_.contains(name) && sessions_.size() == clients_max) return;
    ++sessions_[name];
    ++(held ? held_ : would_be_);
}

Findings OwnClients::findings() const {
    if (sessions_.empty()) return {};
    std::vector<std::pair<std::string, std::size_t>> most(sessions_.begin(), sessions_.end());
    std::ranges::stable_sort(most, std::ranges::greater{}, &std::pair<std::string, std::size_t>::second);
    std::vector<std::string> named;
    for (const auto& [client, sessions] : most)
        if (named.size() < named_max) named.push_back('"' + client + '"');
    const std::size_t others = most.size() - named.size();
    return {
        {Severity::advice,
         fmt::format("Add {}{} to policy.networks.fast if these are machines of your own, as their addresses "
                     "say: by the log {} of their sessions {} held up or put off",
                     fmt::join(named, ", "),
                     others == 0 ? "" : fmt::format(" and {} other{}", others, others == 1 ? "" : "s"),
                     held_ + would_be_, held_ == 0 ? "would have been" : "were")}};
}

Findings probe_own_clients(const std::string& log, std::vector<Network> own) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(log, error)) return {};
    OwnClients clients(std::move(own));
    // A line or file that cannot be read says nothing about clients; other checks look at the log itself.
    (void)read_log_lines(log, [&](std::string_view line) { clients.take(line); });
    return clients.findings();
}

}  // namespace sluice::app
