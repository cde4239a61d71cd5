// A client whose words the test decides, and the sources of its case; for the tests.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "judge/case.hpp"
#include "net/loop.hpp"
#include "policy/client_counts.hpp"

namespace sluice::judge {

class ScriptedParty final : public Party {
  public:
    explicit ScriptedParty(std::span<const Check* const> checks = catalogue(),
                           Metrics& metrics = unread_metrics())
        : sources_{.loop = loop,
                   .options = options,
                   .our_name = "mx.test",
                   .resolver = nullptr,
                   .state = nullptr,
                   .act_on = act_on,
                   .place_of = place_of,
                   .unknown_recipients = unknown_recipients,
                   .metrics = metrics,
                   .checks = checks} {}

    const Sources& sources() const override { return sources_; }
    Sources& sources() { return sources_; }
    const IpAddress& client() const override { return address; }
    IpAddress reached() const override { return IpAddress::v4({192, 0, 2, 1}); }
    std::string_view helo() const override { return hello; }
    bool authenticated() const override { return has_authenticated; }
    const smtp::Envelope& envelope() const override { return mail; }
    std::size_t recipients_refused() const override { return refused; }
    const std::string& recipient() const override { return named; }
    void stage_over(Stage stage) override { over.push_back(stage); }

    /// Turns the loop until the case has said that a stage is over, or for 30 seconds.
    bool wait() {
        const std::size_t before = over.size();
        for (const Instant end = loop.now() + Seconds{30}; over.size() == before && loop.now() < end;)
            loop.turn(Millis{20});
        return over.size() != before;
    }

    net::Loop loop;
    PolicyOptions options;
    IpAddress address = IpAddress::v4({198, 51, 100, 7});
    std::string hello = "client.example.org";
    bool has_authenticated = false;
    smtp::Envelope mail;
    std::size_t refused = 0;
    std::string named;
    std::optional<policy::Act> act;
    std::vector<Stage> over;  // the stages that were waited for

  private:
    const std::function<const policy::Act*(const IpAddress&)> act_on = [this](const IpAddress&) {
        return act ? &*act : nullptr;
    };
    const std::function<policy::Place(const IpAddress&)> place_of = [](const IpAddress&) {
        return policy::Place{};
    };
    policy::ClientCounts unknown_recipients{Seconds{60}, 100};
    Sources sources_;
};

}  // namespace sluice::judge
