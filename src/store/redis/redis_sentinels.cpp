#include "store/redis/redis_sentinels.hpp"

#include <charconv>
#include <optional>
#include <utility>

namespace sluice::store {

namespace {

class MasterQuestion final : public RedisTask {
  public:
    explicit MasterQuestion(const std::string& master) : master_(master) {}

    bool append(std::uint32_t /*part*/, ScriptBy /*by*/, std::string& out) const override {
        append_redis_command(out, {"SENTINEL", "GET-MASTER-ADDR-BY-NAME", master_});
        return false;
    }
    void replied(RedisTicket /*ticket*/, const RedisReply& /*reply*/, RedisLink& /*from*/) override {}
    void lost(const RedisTicket& /*ticket*/) override {}

  private:
    const std::string& master_;
};

std::optional<RedisHost> parse_master(const RedisReply& reply) {
    if (!reply.is_array() || reply.elements.size() != 2) return std::nullopt;
    const std::string& port = reply.elements[1].text;
    RedisHost host{.name = reply.elements[0].text, .port = 0};
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), host.port);
    if (error != std::errc{} || end != port.data() + port.size() || host.port == 0 || host.name.empty())
        return std::nullopt;
    return host;
}

}  // namespace

RedisSentinels::RedisSentinels(net::Loop& loop, const RedisOptions& options, const net::TlsClientContext* tls,
                               RedisResolver& resolver)
    : loop_(loop), options_(options), tls_(tls), resolver_(resolver) {}

RedisSentinels::~RedisSentinels() {
    cancel();
}

void RedisSentinels::locate(Found found) {
    cancel();
    found_ = std::move(found);
    left_ = options_.hosts.size();
    ask();
}

void RedisSentinels::cancel() {
    hang_up();
    found_ = nullptr;
}

void RedisSentinels::hang_up() {
    disarm();
    question_.reset();
    if (!connection_) return;
    connection_->close();
    loop_.retire(std::move(connection_));
}

void RedisSentinels::ask() {
    --left_;
    loop_.arm(*this, answer_time_max());
    question_ = std::make_shared<int>();
    resolver_.find(options_.hosts[asked_], [this, question = std::weak_ptr(question_)](
                                               const RedisResolver::Addresses& addresses) {
        if (question.expired()) return;
        if (!addresses) return ask_next(addresses.error());
        RedisConnection::Owner& owner = *this;
        connection_ = std::make_unique<RedisConnection>(loop_, options_, RedisRole::sentinel, tls_, owner);
        const auto opened = connection_->open(addresses->front());
        if (!opened) ask_next(opened.error());
    });
}

void RedisSentinels::ask_next(const std::string& why) {
    hang_up();
    const std::string asked = options_.hosts[asked_].to_string();
    asked_ = (asked_ + 1) % options_.hosts.size();
    if (left_ > 0) return ask();
    std::exchange(found_, nullptr)(std::unexpected("no Sentinel says where it is; " + asked + ": " + why));
}

void RedisSentinels::greeted() {
    connection_->send({.task = std::make_shared<MasterQuestion>(options_.master_name)});
    connection_->flush();
}

void RedisSentinels::replied(RedisTicket /*ticket*/, const RedisReply& reply) {
    auto master = parse_master(reply);
    if (!master) {
        return connection_->fail(reply.is_error() ? "it said " + reply.text
                                                  : "it does not know \"" + options_.master_name + "\"");
    }
    // The call comes from the connection's read, so it is destroyed only when this turn of the loop ends.
    connection_->fail("it has answered");
    hang_up();
    std::exchange(found_, nullptr)(std::move(*master));
}

}  // namespace sluice::store
