#include "sim/scenario.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace sluice::sim {

namespace {

Network network(std::uint8_t second_octet) {
    return {IpAddress::v4({10, second_octet, 0, 0}), 16};
}

Seconds draw_seconds(Dice& dice, std::int64_t low, std::int64_t high) {
    return Seconds{dice.magnitude(low, high)};
}

void draw_pool(Dice& dice, Scenario& scenario) {
    auto& pool = scenario.relay.pool;
    pool.connections_max = static_cast<unsigned>(dice.magnitude(1, 20));
    pool.connections_min = static_cast<unsigned>(dice.below(std::min(3U, pool.connections_max + 1)));
    pool.idle_max = draw_seconds(dice, 1, 120);
    pool.uses_max = static_cast<unsigned>(dice.magnitude(1, 1000));
    pool.age_max = draw_seconds(dice, 5, 600);
    pool.waiting_max = dice.chance(850) ? 20'000 : static_cast<std::size_t>(dice.magnitude(2, 1000));
    pool.waiting_time_max = draw_seconds(dice, 20, 120);
    pool.connect_timeout = draw_seconds(dice, 2, 30);
    pool.command_timeout = draw_seconds(dice, 5, 60);
    pool.content_timeout = draw_seconds(dice, 10, 180);
    pool.final_timeout = draw_seconds(dice, 20, 540);
    pool.outage_wait_max = Seconds{dice.between(0, 30)};
}

void draw_mtas(Dice& dice, Scenario& scenario) {
    static constexpr relay::IdentityBy ways[] = {relay::IdentityBy::automatic, relay::IdentityBy::xclient,
                                                 relay::IdentityBy::proxy_v2, relay::IdentityBy::none};
    const relay::IdentityBy way = dice.chance(600) ? relay::IdentityBy::automatic : dice.pick(ways);
    const unsigned count = static_cast<unsigned>(dice.magnitude(1, 3));
    for (unsigned i = 0; i < count; ++i) {
        MtaTraits traits;
        traits.endpoint = {IpAddress::v4({127, 0, 0, static_cast<std::uint8_t>(1 + i)}), 10025};
        traits.pipelining = dice.chance(750);
        traits.esmtp = dice.chance(950);
        traits.proxy = way == relay::IdentityBy::proxy_v2;
        // An MTA that is told of clients by XCLIENT is down when it does not offer it.
        const bool by_xclient = way == relay::IdentityBy::xclient || way == relay::IdentityBy::automatic;
        traits.anonymous = way == relay::IdentityBy::none;
        traits.xclient = by_xclient || dice.chance(850);
        if (by_xclient) traits.esmtp = true;
        traits.xclient_for_all = dice.chance(800);
        traits.xclient_helo = dice.chance(900);
        scenario.mtas.push_back(traits);
        relay::UpstreamOptions upstream;
        upstream.address.tcp = traits.endpoint;
        upstream.identity = way;
        upstream.pooled = traits.xclient_for_all && dice.chance(900);
        upstream.priority = static_cast<unsigned>(dice.below(2));
        scenario.relay.upstreams.push_back(upstream);
    }
}

void draw_front(Dice& dice, Scenario& scenario) {
    auto& front = scenario.front;
    front.server.hostname = "front.example";
    if (dice.chance(250)) front.server.bare_newlines = smtp::BareNewlines::normalise;
    front.server.limits.errors_max = static_cast<unsigned>(dice.magnitude(20, 100));
    if (dice.chance(300)) front.server.limits.message_octets_max = 65'536;
    front.command_timeout = draw_seconds(dice, 60, 300);
    front.content_timeout = draw_seconds(dice, 60, 300);
    front.session_time_max = Seconds{dice.chance(500) ? 14'400 : 7'200};
    front.proxy_protocol.networks = {network(9)};
    front.drain_max = Seconds{dice.between(0, 60)};
    front.memory_octets_max = 0;  // a seed cannot repeat how much memory the real process has
    if (dice.chance(150)) front.sessions_max = static_cast<unsigned>(dice.magnitude(2, 100));
    front.spool.memory_octets_max = static_cast<std::uint64_t>(dice.magnitude(4096, 65'536));
    front.spool.shared_octets_max =
        dice.chance(500) ? 0 : static_cast<std::uint64_t>(dice.magnitude(131'072, 1 << 20));
    const auto& pool = scenario.relay.pool;
    scenario.scarce = front.sessions_max < 1000 || pool.waiting_max < 1000 || pool.connections_max < 3;
}

void draw_policy(Dice& dice, Scenario& scenario) {
    auto& policy = scenario.front.policy;
    (void)policy.networks.add(network(2), policy::Lane::slow);
    (void)policy.networks.add(network(3), policy::Lane::defer);
    (void)policy.networks.add(network(4), policy::Lane::reject);
    if (dice.chance(150)) policy.default_lane = policy::Lane::slow;
    policy.resolve_names = dice.chance(300);
    if (dice.chance(300)) policy.dns_lists.push_back({.zone = "a.list.example", .weight = 10, .accept = {}});
    if (dice.chance(300))
        policy.dns_lists.push_back(
            {.zone = "b.list.example", .weight = 20, .allow = dice.chance(300), .accept = {}});
    policy.unknown_recipients.slow_after = static_cast<unsigned>(dice.magnitude(1, 20));
    policy.unknown_recipients.clients_max = static_cast<std::size_t>(dice.magnitude(1, 1000));
    if (dice.chance(300)) policy.pregreet_wait = Millis{dice.magnitude(100, 3'000)};
    if (dice.chance(300)) policy.signals = policy::SignalOptions::none();
    policy.null_sender_recipients = static_cast<unsigned>(dice.magnitude(2, 10));
    if (dice.chance(300)) (void)policy.trap_recipients.add("bad1@example.net");
    scenario.resolves = policy.asks_dns();

    auto& pace = scenario.front.pace;
    if (dice.chance(500)) return;
    pace.reply = Seconds{dice.between(1, 25)};
    pace.silence_max = Seconds{dice.between(1, 4)};
    if (dice.chance(300)) pace.content = policy::PacedContent::slow;
    scenario.front.policy.thresholds.content_slow = static_cast<int>(dice.between(1, 40));
    pace.content_in_bytes_per_s = static_cast<unsigned>(dice.magnitude(110, 5000));
    pace.delay_max = Seconds{dice.between(0, 900)};
}

void draw_verify(Dice& dice, Scenario& scenario) {
    auto& verify = scenario.relay.verify;
    if (dice.chance(200)) verify.by = relay::VerifyBy::off;
    verify.positive_ttl = Seconds{dice.chance(300) ? 0 : dice.magnitude(1, 3600)};
    verify.negative_ttl = Seconds{dice.chance(300) ? 0 : dice.magnitude(1, 900)};
    // With `off`, doubts about recipients are kept there too, and must last until the client comes again.
    const std::int64_t least = verify.by == relay::VerifyBy::off ? 200 : 1;
    verify.cache_max = static_cast<std::size_t>(dice.magnitude(least, 1000));
    verify.per_transaction_max = static_cast<unsigned>(dice.magnitude(1, 10));
    scenario.relay.hostname = "front.example";
}

void draw_network(Dice& dice, Scenario& scenario) {
    static constexpr std::size_t segments[] = {
        1, 7, 100, Path::segment, Path::segment * 16, Path::segment * 16};
    static constexpr unsigned splits[] = {0, 0, 100, 900};
    scenario.path.segment_max = dice.pick(segments);
    scenario.path.splits_per_mille = dice.pick(splits);
    scenario.path.send_buffer = static_cast<std::size_t>(dice.magnitude(2048, 200'000));
    // Listeners are set up like this: the kernel buffers little until a client is allowed full speed.
    scenario.path.receive_buffer = static_cast<std::size_t>(dice.magnitude(2048, 16'384));
    const bool fine = scenario.path.segment_max <= 100 || scenario.path.splits_per_mille > 100;
    scenario.letter_octets_max = fine ? 3000 : dice.chance(800) ? 30'000 : 400'000;
    if (dice.chance(100)) {
        scenario.descriptors_max = static_cast<unsigned>(dice.magnitude(8, 100));
        scenario.scarce = true;
    }
}

}  // namespace

Scenario draw_scenario(Dice& dice) {
    Scenario scenario;
    draw_pool(dice, scenario);
    draw_mtas(dice, scenario);
    draw_front(dice, scenario);
    draw_policy(dice, scenario);
    draw_verify(dice, scenario);
    draw_network(dice, scenario);
    scenario.clients = static_cast<unsigned>(dice.magnitude(1, 60));
    scenario.arrivals = draw_seconds(dice, 1, 1200);
    scenario.healed_after = scenario.arrivals + draw_seconds(dice, 1, 1800);
    if (dice.chance(250)) scenario.ended_after = Seconds{dice.between(1, scenario.healed_after.count())};
    return scenario;
}

std::string describe(const Scenario& scenario) {
    const auto& pool = scenario.relay.pool;
    const auto& front = scenario.front;
    const auto& verify = scenario.relay.verify;
    std::string text = fmt::format(
        "{} clients within {} s, healed after {} s, ended after {} s\n"
        "pool {}..{}, uses {}, age {}, waiting {} for {} s, connect {} command {} content {} final {} s, "
        "outage {} s\n"
        "verify {}, cache {}, ttl +{} -{} s, {} a transaction\n"
        "sessions {}, command {} content {} session {} drain {} s, {} octets a message, spool {} + {}\n"
        "pace {} ms a reply, silent for {} ms, content {} {}, delay {} s; default lane {}, "
        "pregreet {} ms\n"
        "segments {}, buffers {} {}, splits {}, descriptors {}{}\n",
        scenario.clients, scenario.arrivals.count(), scenario.healed_after.count(),
        scenario.ended_after.count(), pool.connections_min, pool.connections_max, pool.uses_max,
        pool.age_max.count(), pool.waiting_max, pool.waiting_time_max.count(), pool.connect_timeout.count(),
        pool.command_timeout.count(), pool.content_timeout.count(), pool.final_timeout.count(),
        pool.outage_wait_max.count(), verify.by == relay::VerifyBy::mta ? "by the MTA" : "off",
        verify.cache_max, verify.positive_ttl.count(), verify.negative_ttl.count(),
        verify.per_transaction_max, front.sessions_max, front.command_timeout.count(),
        front.content_timeout.count(), front.session_time_max.count(), front.drain_max.count(),
        front.server.limits.message_octets_max, front.spool.memory_octets_max, front.spool.shared_octets_max,
        front.pace.reply.count(), front.pace.silence_max.count(),
        front.pace.content == policy::PacedContent::slow ? "slow" : "full", front.pace.content_in_bytes_per_s,
        front.pace.delay_max.count(), name_of(front.policy.default_lane), front.policy.pregreet_wait.count(),
        scenario.path.segment_max, scenario.path.send_buffer, scenario.path.receive_buffer,
        scenario.path.splits_per_mille, scenario.descriptors_max, scenario.scarce ? ", scarce" : "");
    for (const MtaTraits& mta : scenario.mtas)
        text +=
            fmt::format("MTA {}:{}{}{}{}{}\n", mta.endpoint.to_string(), mta.pipelining ? " PIPELINING" : "",
                        mta.esmtp ? " EHLO" : "", mta.xclient ? " XCLIENT" : "",
                        mta.xclient_for_all ? " for all" : "", mta.proxy ? " PROXY" : "");
    return text;
}

namespace {

/// Most names are honest; the others try what a name could do to its readers.
std::string draw_helo(Dice& dice, unsigned index) {
    static constexpr std::string_view tails[] = {
        "\"",   "<", ">",   "\\", "\"x y\"", "<x y>",          "x\\ y",
        "(x",   ")", "+22", "+",  "=",       " ADDR=10.1.0.1", "\"z w",
        "<z w", "[", "]",   "@;", ",",       "[UNAVAILABLE]"};
    std::string name = fmt::format("c{}.example.org", index);
    if (dice.chance(700)) return name;
    std::string tail;
    for (auto pieces = dice.magnitude(1, 40); pieces > 0; --pieces)
        tail += dice.pick(tails);
    constexpr std::size_t octets_max = 200;
    tail.resize(std::min(tail.size(), octets_max));
    while (tail.ends_with(' '))
        tail.pop_back();
    return dice.chance(500) ? name + tail : fmt::format("c{}{}.example.org", index, tail);
}

}  // namespace

ClientFacts draw_client(Dice& dice, unsigned index) {
    ClientFacts facts;
    facts.helo = draw_helo(dice, index);
    const auto high = static_cast<std::uint8_t>(index >> 8U);
    const auto low = static_cast<std::uint8_t>(index);
    std::uint8_t second_octet = 1;
    facts.behind_balancer = dice.chance(100);
    if (dice.chance(125)) {
        facts.address = IpAddress::v6({0x20, 0x01, 0x0d, 0xb8, 0, 0, high, low, 0, 0, 0, 0, 0, 0, 0, 1});
        return facts;
    }
    if (dice.chance(200)) {
        second_octet = 2;
        facts.lane = policy::Lane::slow;
    } else if (dice.chance(50)) {
        second_octet = 3;
        facts.lane = policy::Lane::defer;
    } else if (dice.chance(50)) {
        second_octet = 4;
        facts.lane = policy::Lane::reject;
    }
    facts.address = IpAddress::v4({10, second_octet, high, low});
    return facts;
}

std::vector<Letter> draw_letters(Dice& dice, unsigned client, const Scenario& scenario) {
    std::vector<Letter> letters(static_cast<std::size_t>(dice.magnitude(1, 5)));
    unsigned number = 0;
    for (Letter& letter : letters) {
        if (!dice.chance(100)) letter.sender = fmt::format("s{}-{}@sender.example", client, number++);
        const std::int64_t count = dice.magnitude(1, 8);
        for (std::int64_t i = 0; i < count; ++i) {
            static constexpr std::string_view kinds[] = {"good", "good", "good",  "good",
                                                         "good", "bad",  "policy"};
            // Few different names, so that clients ask about the same ones at the same time.
            std::string recipient = fmt::format("{}{}@example.net", dice.pick(kinds), dice.below(40));
            if (std::ranges::find(letter.recipients, recipient) == letter.recipients.end())
                letter.recipients.push_back(std::move(recipient));
        }
        const auto octets_max = static_cast<std::int64_t>(scenario.letter_octets_max);
        letter.octets = static_cast<std::size_t>(dice.chance(700) ? dice.magnitude(50, octets_max)
                                                                  : dice.between(50, octets_max));
    }
    return letters;
}

}  // namespace sluice::sim
