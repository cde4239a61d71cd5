// Replies of a Redis server (RESP2), which hiredis' parser reads into values of our own. No I/O.
//
// The replies of a server are bounded before they take memory: the octets of one reply, and the values in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct redisReader;

namespace sluice::store {

struct RedisReply {
    enum class Kind : std::uint8_t { nil, text, status, error, integer, array };

    Kind kind = Kind::nil;
    std::int64_t integer = 0;
    std::string text = {};  // text, status, error
    std::vector<RedisReply> elements = {};

    bool is_error() const { return kind == Kind::error; }
    bool is_text() const { return kind == Kind::text || kind == Kind::status; }
    bool is_array() const { return kind == Kind::array; }
};

class RedisReader {
  public:
    static constexpr std::size_t values_max = 65'536;  // in one reply

    explicit RedisReader(std::size_t reply_octets_max);
    ~RedisReader();
    RedisReader(const RedisReader&) = delete;
    RedisReader& operator=(const RedisReader&) = delete;

    enum class Result : std::uint8_t { reply, more, broken };

    /// Adds received octets. Read all complete replies before feeding again.
    void feed(std::string_view octets);
    /// The next reply, which reply() returns until the next call; or more octets are needed; or the octets
    /// are not RESP, or exceed a bound.
    Result next();
    const RedisReply& reply() const { return root_; }
    /// The reason, after broken, as one line.
    std::string error() const;

  private:
    struct Builder;
    struct Free {
        void operator()(redisReader* reader) const;
    };

    std::size_t reply_octets_max_;
    std::size_t fed_ = 0;     // since the last complete reply
    std::size_t values_ = 0;  // of the reply that is being read
    RedisReply root_;
    std::unique_ptr<redisReader, Free> reader_;
};

}  // namespace sluice::store
