#include "store/redis/redis_greeting.hpp"

#include "store/redis/redis_command.hpp"

namespace sluice::store {

RedisGreeting::RedisGreeting(const RedisOptions& options, RedisRole role)
    : login_(role == RedisRole::sentinel ? options.sentinel_login : options.login),
      database_(options.database) {
    if (!login_.password.empty()) steps_.push_back(Step::auth);
    if (database_ != 0 && role == RedisRole::master) steps_.push_back(Step::select);
    steps_.push_back(Step::ping);
    if (role == RedisRole::master) steps_.push_back(Step::role);
    if (role == RedisRole::node) steps_.push_back(Step::cluster);
}

void RedisGreeting::append(std::string& out) {
    for (const Step step : steps_) {
        switch (step) {
            case Step::auth:
                if (login_.user.empty()) {
                    append_redis_command(out, {"AUTH", login_.password});
                } else {
                    append_redis_command(out, {"AUTH", login_.user, login_.password});
                }
                break;
            case Step::select: append_redis_command(out, {"SELECT", std::to_string(database_)}); break;
            case Step::ping: append_redis_command(out, {"PING"}); break;
            case Step::role: append_redis_command(out, {"ROLE"}); break;
            case Step::cluster: append_redis_command(out, {"CLUSTER", "MYID"}); break;
        }
    }
}

std::optional<std::string> RedisGreeting::check(const RedisReply& reply) {
    const Step step = steps_[answered_++];
    if (step == Step::role) {
        // A user that may not ask for the role, and a server that does not know it, are no reason to stop.
        const bool replica =
            reply.is_array() && !reply.elements.empty() && reply.elements.front().text == "slave";
        if (replica) return "it is a replica, not a master";
        return std::nullopt;
    }
    if (!reply.is_error()) return std::nullopt;
    return "it said " + reply.text.substr(0, 200);
}

}  // namespace sluice::store
