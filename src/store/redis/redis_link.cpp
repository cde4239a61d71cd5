#include "store/redis/redis_link.hpp"

#include <algorithm>
#include <utility>

namespace sluice::store {

namespace {

/// A connection that has lasted this long may be replaced at once; a shorter one may have failed for a
/// lasting reason.
constexpr Millis stable{1000};

}  // namespace

RedisLink::RedisLink(const RedisWays& ways, RedisHost host, RedisRole role, RedisSentinels* sentinels,
                     Owner& owner)
    : ways_(ways),
      host_(std::move(host)),
      role_(role),
      sentinels_(sentinels),
      owner_(owner),
      backoff_(ways.options.backoff_min) {
    ways_.loop.arm(*this, Millis{0});
}

RedisLink::~RedisLink() {
    hang_up();
}

void RedisLink::send(RedisTicket ticket) {
    if (up_) {
        connection_->send(std::move(ticket));
    } else if (down_) {
        ticket.task->lost(ticket);
    } else {
        waiting_.push_back(std::move(ticket));
    }
}

void RedisLink::flush() {
    if (up_) connection_->flush();
}

void RedisLink::give_up(std::string why) {
    if (connection_) connection_->fail(std::move(why));
}

void RedisLink::forget_script(const RedisTicket& ticket) {
    if (connection_) connection_->forget_script(ticket);
}

/// Begins an attempt to connect; one time limit covers it until the greeting is over.
void RedisLink::attempt() {
    const Millis to_locate = sentinels_ != nullptr ? 2 * sentinels_->answer_time_max() : Millis{0};
    ways_.loop.arm(*this, ways_.options.connect_timeout + to_locate);
    attempt_ = std::make_shared<int>();
    if (sentinels_ == nullptr) return look_up();
    sentinels_->locate([this](std::expected<RedisHost, std::string> master) {
        if (!master) return failed(master.error());
        host_ = std::move(*master);
        look_up();
    });
}

void RedisLink::look_up() {
    ways_.resolver.find(host_,
                        [this, attempt = std::weak_ptr(attempt_)](const RedisResolver::Addresses& found) {
                            if (!attempt.expired()) connect(found);
                        });
}

void RedisLink::connect(const RedisResolver::Addresses& addresses) {
    if (!addresses) return failed(addresses.error());
    RedisConnection::Owner& owner = *this;
    connection_ = std::make_unique<RedisConnection>(ways_.loop, ways_.options, role_, ways_.tls, owner);
    const auto opened = connection_->open((*addresses)[attempts_++ % addresses->size()]);
    if (!opened) failed(opened.error());
}

void RedisLink::greeted() {
    disarm();
    attempt_.reset();
    up_ = true;
    down_ = false;
    up_since_ = ways_.loop.now();
    for (RedisTicket& ticket : std::exchange(waiting_, {}))
        connection_->send(std::move(ticket));
    connection_->flush();
    owner_.link_up(*this);
}

void RedisLink::replied(RedisTicket ticket, const RedisReply& reply) {
    RedisTask& task = *ticket.task;
    const std::shared_ptr<RedisTask> stays = ticket.task;
    task.replied(std::move(ticket), reply, *this);
}

void RedisLink::ended(std::string why) {
    const bool was_stable = up_ && ways_.loop.now() - up_since_ >= stable;
    if (!was_stable) return failed(why);
    backoff_ = ways_.options.backoff_min;
    hang_up();
    attempt();
}

void RedisLink::failed(const std::string& why) {
    why_down_ =
        (sentinels_ != nullptr && host_.name.empty() ? ways_.options.master_name : host_.to_string()) + ": " +
        why;
    const bool news = !std::exchange(down_, true);
    hang_up();
    ways_.loop.arm(*this, backoff_);
    backoff_ = std::min(2 * backoff_, ways_.options.backoff_max);
    if (news) owner_.link_down(*this);
}

/// Ends whatever was in progress. Commands that were sent are lost; those that were not wait, unless the
/// server is down.
void RedisLink::hang_up() {
    disarm();
    attempt_.reset();
    up_ = false;
    if (sentinels_ != nullptr) sentinels_->cancel();
    std::deque<RedisTicket> lost;
    if (connection_) {
        lost = std::exchange(connection_->in_flight(), {});
        connection_->close();
        ways_.loop.retire(std::move(connection_));
    }
    if (down_)
        for (RedisTicket& ticket : std::exchange(waiting_, {}))
            lost.push_back(std::move(ticket));
    for (const RedisTicket& ticket : lost)
        if (ticket.task) ticket.task->lost(ticket);
}

void RedisLink::on_timer() {
    if (attempt_) return failed("it could not be reached in time");
    attempt();
}

}  // namespace sluice::store
