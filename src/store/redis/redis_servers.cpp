#include "store/redis/redis_servers.hpp"

#include <algorithm>
#include <ranges>
#include <utility>

namespace sluice::store {

namespace {

constexpr Millis learn_soon{20};
/// While a server of the cluster is down, the slots are asked for this often: another may take its place.
constexpr Millis learn_again{500};

std::unique_ptr<const net::TlsClientContext> tls_context(const RedisOptions& options) {
    if (!options.tls) return nullptr;
    net::TlsClientOptions tls = options.tls_options;
    if (tls.server_name.empty()) tls.server_name = options.hosts.front().name;
    return std::make_unique<const net::TlsClientContext>(tls);
}

}  // namespace

class RedisServers::SlotsQuestion final : public RedisTask {
  public:
    explicit SlotsQuestion(RedisServers& servers) : servers_(servers) {}

    bool append(std::uint32_t /*part*/, ScriptBy /*by*/, std::string& out) const override {
        append_redis_command(out, {"CLUSTER", "SLOTS"});
        return false;
    }
    void replied(RedisTicket /*ticket*/, const RedisReply& reply, RedisLink& from) override {
        servers_.learn(reply, from.host());
    }
    void lost(const RedisTicket& /*ticket*/) override { servers_.loop_.arm(servers_, learn_again); }

  private:
    RedisServers& servers_;
};

RedisServers::RedisServers(net::Loop& loop, const RedisOptions& options, const RedisTold& told)
    : loop_(loop),
      options_(options),
      told_(told),
      tls_(tls_context(options)),
      resolver_(loop, std::ranges::any_of(options.hosts, is_redis_name)) {
    switch (options.topology) {
        case RedisTopology::single: add(options.hosts.front(), RedisRole::master); break;
        case RedisTopology::sentinel:
            sentinels_ = std::make_unique<RedisSentinels>(loop, options, tls_.get(), resolver_);
            add({.name = {}, .port = 0}, RedisRole::master);
            break;
        case RedisTopology::cluster:
            slots_.resize(redis_slots);
            for (const RedisHost& host : options.hosts)
                add(host, RedisRole::node);
            break;
    }
}

RedisServers::~RedisServers() {
    disarm();
}

RedisLink& RedisServers::add(const RedisHost& host, RedisRole role) {
    const RedisWays ways{.loop = loop_, .options = options_, .tls = tls_.get(), .resolver = resolver_};
    RedisLink::Owner& owner = *this;
    links_.push_back(std::make_unique<RedisLink>(ways, host, role, sentinels_.get(), owner));
    return *links_.back();
}

RedisLink& RedisServers::with(std::string_view key) {
    if (!clustered()) return *links_.front();
    if (RedisLink* const link = slots_[redis_slot(key)]) return *link;
    // Any server of the cluster will redirect us to the right one.
    const auto up = std::ranges::find_if(links_, &RedisLink::up, &std::unique_ptr<RedisLink>::operator*);
    if (up != links_.end()) return **up;
    const auto hopeful = std::ranges::find_if(links_, [](const auto& link) { return !link->down(); });
    return hopeful != links_.end() ? **hopeful : *links_.front();
}

RedisLink* RedisServers::find(const RedisHost& host) {
    if (!clustered()) return links_.front().get();
    const auto found =
        std::ranges::find_if(links_, [&host](const auto& link) { return link->host() == host; });
    return found != links_.end() ? found->get() : nullptr;
}

RedisLink* RedisServers::at(const RedisHost& host, const RedisLink& asked) {
    if (!clustered()) return nullptr;
    RedisHost full = host;
    if (full.name.empty()) full.name = asked.host().name;
    if (RedisLink* const known = find(full)) return known;
    return links_.size() < links_max ? &add(full, RedisRole::node) : nullptr;
}

void RedisServers::moved(std::uint16_t slot, RedisLink& link) {
    if (!clustered()) return;
    slots_[slot] = &link;
    if (!has_slots(link)) masters_.push_back(&link);
    relearn();
}

void RedisServers::relearn() {
    if (clustered() && !armed()) loop_.arm(*this, learn_soon);
}

std::vector<RedisHost> RedisServers::masters() const {
    if (!clustered()) return {links_.front()->host()};
    if (std::ranges::find(slots_, nullptr) != slots_.end()) return {};
    std::vector<RedisHost> hosts;
    hosts.reserve(masters_.size());
    for (const RedisLink* const link : masters_)
        hosts.push_back(link->host());
    return hosts;
}

void RedisServers::flush() {
    for (const auto& link : links_)
        link->flush();
    if (!std::exchange(outdated_, false)) return;
    const auto others = std::ranges::subrange(
        links_.begin() + static_cast<std::ptrdiff_t>(options_.hosts.size()), links_.end());
    const auto unused = std::ranges::remove_if(others, [this](const auto& link) {
        outdated_ |= !has_slots(*link) && !link->idle();
        return !has_slots(*link) && link->idle();
    });
    links_.erase(unused.begin(), unused.end());
}

// ---- the slots of a cluster ------------------------------------------------------------------------------

void RedisServers::ask_slots() {
    std::vector<RedisLink*> up;
    for (const auto& link : links_)
        if (link->up()) up.push_back(link.get());
    if (up.empty()) return;  // when the first server comes up, it is asked
    // The servers take turns, because one that is cut off from the others would know no better the next time.
    RedisLink& one = *up[slots_asked_++ % up.size()];
    one.send({.task = std::make_shared<SlotsQuestion>(*this)});
    one.flush();
}

void RedisServers::learn(const RedisReply& reply, const RedisHost& asked) {
    const auto ranges = parse_redis_slots(reply, asked);
    if (!ranges) return loop_.arm(*this, learn_again);
    std::ranges::fill(slots_, nullptr);
    masters_.clear();
    for (const RedisSlotRange& range : *ranges) {
        RedisLink* link = find(range.master);
        if (link == nullptr && links_.size() < links_max) link = &add(range.master, RedisRole::node);
        if (link == nullptr) continue;
        std::fill(slots_.begin() + range.first, slots_.begin() + range.last + 1, link);
        if (!has_slots(*link)) masters_.push_back(link);
    }
    outdated_ = true;
    const bool whole = std::ranges::find(slots_, nullptr) == slots_.end();
    if (!whole || missing() != nullptr) loop_.arm(*this, learn_again);
    tell();
}

bool RedisServers::has_slots(const RedisLink& link) const {
    return std::ranges::find(masters_, &link) != masters_.end();
}

// ---- up and down -----------------------------------------------------------------------------------------

void RedisServers::link_up(RedisLink& /*link*/) {
    relearn();
    tell();
}

void RedisServers::link_down(RedisLink& /*link*/) {
    if (clustered() && !armed()) loop_.arm(*this, learn_again);
    tell();
}

/// A server that the memory cannot do without and that is down; null when there is none.
const RedisLink* RedisServers::missing() const {
    for (const RedisLink* const master : masters_)
        if (master->down()) return master;
    if (!masters_.empty()) return nullptr;
    const bool hope = std::ranges::any_of(links_, [](const auto& link) { return !link->down(); });
    return hope ? nullptr : links_.back().get();
}

void RedisServers::tell() {
    const RedisLink* const link = missing();
    if (link != nullptr && !std::exchange(told_down_, true)) told_("store_down", link->why_down());
    const bool up =
        link == nullptr && std::ranges::any_of(links_, [](const auto& each) { return each->up(); });
    if (up && std::exchange(told_down_, false)) told_("store_up", {});
}

}  // namespace sluice::store
