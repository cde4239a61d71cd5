// Behaviour of the client side at moments that a real socket cannot be brought to.
#include <algorithm>
#include <gtest/gtest.h>
#include <string>
#include <string_view>

#include "sim/product.hpp"
#include "sim/world.hpp"

namespace sluice::sim {
namespace {

class Listener final : public Peer {
  public:
    void on_octets(std::string_view octets) override { heard += octets; }
    void on_end() override { over = true; }
    void on_reset() override { over = true; }

    std::string heard;
    bool over = false;
};

/// The replies to a client that asks a great deal while hardly anything fits into its path, up to the end of
/// a drain.
std::string heard_until_the_drain(std::uint64_t seed) {
    World world(seed, false);
    world.faults.heal();
    Scenario scenario;
    scenario.front.drain_max = Seconds{0};
    scenario.front.memory_octets_max = 0;
    scenario.front.server.limits.junk_commands_max = 1000;
    Product product(scenario);
    Path path;
    path.send_buffer = 100;
    path.segment_max = 10;
    path.jitter = Millis{100};
    const auto link = std::make_shared<Link>(world.agenda, world.trace, world.dice.fork(), path, 1, 'C');
    Listener client;
    link->attach(&client);
    link->connected();
    world.kernel.shared_door(product.listener())->waiting.push_back({link, {}});
    for (int i = 0; i < 500; ++i)
        link->send("NOOP\r\n");
    for (int turns = 0; turns < 200 || client.heard.size() < 500; ++turns)
        product.loop().turn(Millis{1});
    product.drain();
    while (!client.over)
        product.loop().turn(Millis{100});
    return client.heard;
}

TEST(FrontInTheSimulator, TheFarewellOfADrainIsALineOfItsOwn) {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        const std::string heard = heard_until_the_drain(seed);
        for (std::string_view rest = heard; !rest.empty();) {
            // The last line may be torn, because there is no more room in the path.
            const std::string_view line = rest.substr(0, std::min(rest.find('\n'), rest.size() - 1) + 1);
            const auto may_be = [line](std::string_view whole) { return whole.starts_with(line); };
            EXPECT_TRUE(may_be("220 localhost ESMTP\r\n") || may_be("250 Ok\r\n") ||
                        may_be("421 4.3.2 Service shutting down\r\n"))
                << line << " seed " << seed;
            rest.remove_prefix(line.size());
        }
    }
}

}  // namespace
}  // namespace sluice::sim
