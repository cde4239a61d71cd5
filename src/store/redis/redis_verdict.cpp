#include "store/redis/redis_verdict.hpp"

#include <array>
#include <charconv>

#include "store/redis/redis_slots.hpp"

namespace sluice::store {

namespace {

using Next = RedisVerdict::Next;

struct Row {
    std::string_view code;
    Next next;
};

constexpr std::array rows = {
    Row{"MOVED", Next::redirect},     Row{"ASK", Next::ask_there},        Row{"TRYAGAIN", Next::again},
    Row{"NOSCRIPT", Next::tell_all},  Row{"CLUSTERDOWN", Next::relearn},  Row{"LOADING", Next::reconnect},
    Row{"READONLY", Next::reconnect}, Row{"MASTERDOWN", Next::reconnect}, Row{"NOAUTH", Next::reconnect},
};

/// Before Redis 7, an error within a script is quoted at the end of another error: "ERR Error running script
/// (call to f_…): @user_script:62: -READONLY You can't …".
std::string_view innermost(std::string_view error) {
    if (!error.starts_with("ERR Error running script")) return error;
    const std::size_t quoted = error.rfind(": -");
    return quoted == std::string_view::npos ? error : error.substr(quoted + 3);
}

std::string_view take_word(std::string_view& rest) {
    const std::size_t space = rest.find(' ');
    const std::string_view word = rest.substr(0, space);
    rest = space == std::string_view::npos ? std::string_view{} : rest.substr(space + 1);
    return word;
}

template <class Number>
bool read(std::string_view text, Number& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size();
}

/// Reads "3999 127.0.0.1:6381"; IPv6 has no brackets; the host may be empty.
bool read_place(std::string_view text, RedisVerdict& verdict) {
    if (!read(take_word(text), verdict.slot) || verdict.slot >= redis_slots) return false;
    const std::string_view place = take_word(text);
    const std::size_t colon = place.rfind(':');
    if (colon == std::string_view::npos) return false;
    verdict.host.name = place.substr(0, colon);
    return read(place.substr(colon + 1), verdict.host.port) && verdict.host.port != 0;
}

}  // namespace

RedisVerdict judge_redis_error(std::string_view error) {
    std::string_view rest = innermost(error);
    const std::string_view code = take_word(rest);
    for (const Row& row : rows) {
        if (row.code != code) continue;
        RedisVerdict verdict{.next = row.next};
        const bool elsewhere = row.next == Next::redirect || row.next == Next::ask_there;
        if (elsewhere && !read_place(rest, verdict)) return {};
        return verdict;
    }
    return {};
}

}  // namespace sluice::store
