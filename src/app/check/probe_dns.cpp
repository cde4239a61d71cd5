// Asks name servers and DNS lists; app/check/dns.hpp judges the answers.
#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>

#include "app/check/dns.hpp"
#include "net/loop.hpp"

namespace sluice::app {

namespace {

constexpr Millis patience_max{5000};
/// Every recursive name server can resolve it, and libunbound has no built-in answer for it.
constexpr const char* known_name = "a.root-servers.net";
const IpAddress test_entry = IpAddress::v4({127, 0, 0, 2});
const IpAddress never_listed = IpAddress::v4({127, 0, 0, 1});

/// Questions that are asked together; the loop stops at the last answer.
class Round {
  public:
    explicit Round(net::Loop& loop) : loop_(loop) {}

    class Question final : public net::DnsQuery {
      public:
        explicit Question(Round& round) : round_(round) {}
        void answered(const net::DnsAnswer& answer) override {
            answer_ = answer;
            if (--round_.open_ == 0) round_.loop_.stop();
        }
        const net::DnsAnswer& answer() const { return answer_; }

      private:
        Round& round_;
        net::DnsAnswer answer_;
    };

    /// The answer is available after wait().
    const Question& ask(net::Resolver& resolver, const std::string& name) {
        Question& question = *questions_.emplace_back(std::make_unique<Question>(*this));
        ++open_;
        resolver.ask(question, name, net::DnsType::a);
        return question;
    }
    void wait() {
        if (open_ != 0) loop_.run();
    }

  private:
    net::Loop& loop_;
    std::size_t open_ = 0;
    std::vector<std::unique_ptr<Question>> questions_;
};

std::vector<std::string> servers_of(const net::ResolverOptions& options) {
    if (!options.servers.empty()) return options.servers;
    std::ifstream file("/etc/resolv.conf");
    return resolv_conf_servers(
        std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()));
}

}  // namespace

Findings probe_dns(const Config& config) {
    if (!config.needs_resolver() && !config.needs_validation()) return {};
    net::Loop loop;
    net::ResolverOptions options = config.resolver;
    options.deadline = std::min(options.deadline, patience_max);

    // Each server is asked by itself: otherwise one that answers would hide one that is dead.
    std::vector<std::string> servers = servers_of(options);
    std::vector<std::unique_ptr<net::Resolver>> resolvers;
    net::Resolver as_configured(loop, options);
    Round round(loop);
    std::vector<const Round::Question*> names;
    for (const std::string& server : servers) {
        net::ResolverOptions alone = options;
        alone.servers = {server};
        resolvers.push_back(std::make_unique<net::Resolver>(loop, alone));
        names.push_back(&round.ask(*resolvers.back(), known_name));
    }
    struct Entries {
        const Round::Question& listed;
        const Round::Question& not_listed;
    };
    std::vector<Entries> entries;
    const auto& lists = config.front.policy.dns_lists;
    entries.reserve(lists.size());
    for (const policy::DnsListOptions& list : lists)
        entries.push_back({round.ask(as_configured, policy::query_name(test_entry, list.zone)),
                           round.ask(as_configured, policy::query_name(never_listed, list.zone))});
    round.wait();

    Findings findings;
    const bool any = std::ranges::any_of(
        names, [](const auto* question) { return name_server_answers(question->answer().status); });
    for (std::size_t i = 0; i < servers.size(); ++i)
        findings.push_back(judge_name_server(servers[i], names[i]->answer().status, any));
    for (std::size_t i = 0; i < lists.size(); ++i)
        findings.push_back(
            judge_dns_list(lists[i], {entries[i].listed.answer(), entries[i].not_listed.answer()}));
    return findings;
}

}  // namespace sluice::app
