#include "store/redis/redis_command.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <hiredis/hiredis.h>
#include <new>
#include <openssl/sha.h>
#include <span>

namespace sluice::store {

namespace {

// KEYS[1]; ARGV: the verb, then milliseconds, then what the verb needs. The reply is one string: 1 or 0 for
// whether there was a record, the time, the milliseconds left (-1 = it does not expire), and the record.
constexpr std::string_view script = R"lua(
local key, verb, term = KEYS[1], ARGV[1], tonumber(ARGV[2])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

local record = redis.pcall('GET', key)
if type(record) ~= 'string' then record = '' end
local kind = string.sub(record, 1, 1)
-- What somebody else has put there is as good as nothing.
if kind == 'v' and #record < 9 or kind == 'e' and #record ~= 41 or kind == 'w' and #record ~= 81 then
    kind = ''
end

local found, left = '0', -1

if verb == 'look' then
    left = redis.call('PTTL', key)
elseif verb == 'put' or verb == 'add' then
    if kind == 'v' then found = '1' end
    if verb == 'add' and found == '1' then
        left = redis.call('PTTL', key)
    else
        record = struct.pack('<c1i8', 'v', now) .. ARGV[3]
        if term > 0 then
            left = term
            redis.call('SET', key, record, 'PX', left)
        else
            redis.call('SET', key, record)
        end
    end
elseif verb == 'erase' then
    if redis.call('DEL', key) == 1 then found = '1' end
    record = ''
elseif verb == 'weigh' then
    local _, made, changed, good, bad = 'e', now, now, 0, 0
    if kind == 'e' then
        found = '1'
        _, made, changed, good, bad = struct.unpack('<c1i8i8dd', record)
        if good - good ~= 0 or bad - bad ~= 0 then -- not a number, or infinite
            found, made, changed, good, bad = '0', now, now, 0, 0
        end
    end
    local factor = 2 ^ (-math.max(now - changed, 0) / math.max(term, 1))
    good = good * factor + tonumber(ARGV[3])
    bad = bad * factor + tonumber(ARGV[4])
    changed = math.max(changed, now)
    record = struct.pack('<c1i8i8ddi8', 'e', made, changed, good, bad, term)
    left = changed - now + 10 * math.max(term, 1000)
    redis.call('SET', key, record, 'PX', left)
elseif verb == 'count' then
    local layout = '<c1i8i8i8i8I4I4I4I4I4I4I4I4I4I4I4I4'
    -- kind, made, changed, length, half started, six counts of this half, six of the half before
    local window = {'w', now, now, term, now, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
    if kind == 'w' then
        found = '1'
        window = {struct.unpack(layout, record)}
    end
    window[3] = math.max(window[3], now)
    window[4] = term
    local half = math.max(math.floor(term / 2), 1)
    local halves = math.floor(math.max(now - window[5], 0) / half)
    window[5] = window[5] + halves * half
    for i = 6, 11 do
        if halves > 0 then
            window[i + 6] = halves == 1 and window[i] or 0
            window[i] = 0
        end
        window[i] = math.min(window[i] + tonumber(ARGV[i - 3]), 4294967295)
    end
    record = struct.pack(layout, unpack(window, 1, 17))
    left = window[3] - now + math.max(term, 1000)
    redis.call('SET', key, record, 'PX', left)
end
return struct.pack('<c1i8i8', found, now, left) .. record
)lua";

/// With this bound, sums of milliseconds stay whole in the script's numbers: 3,000 years.
constexpr std::int64_t term_s_max = 100'000'000'000;

std::string hexadecimal(std::span<const unsigned char> octets) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const unsigned char octet : octets) {
        text += digits[octet >> 4U];
        text += digits[octet & 15U];
    }
    return text;
}

void append_words(std::string& out, std::span<const std::string_view> words) {
    constexpr std::size_t words_max = 16;
    std::array<const char*, words_max> starts{};
    std::array<std::size_t, words_max> sizes{};
    const std::size_t count = std::min(words.size(), words_max);
    for (std::size_t i = 0; i < count; ++i) {
        starts[i] = words[i].data();
        sizes[i] = words[i].size();
    }
    char* command = nullptr;
    const int size = redisFormatCommandArgv(&command, static_cast<int>(count), starts.data(), sizes.data());
    if (size < 0) throw std::bad_alloc();
    out.append(command, static_cast<std::size_t>(size));
    redisFreeCommand(command);
}

/// A number as text, for as long as the object exists.
class Digits {
  public:
    template <class Number>
    explicit Digits(Number number) {
        end_ = std::to_chars(text_.data(), text_.data() + text_.size(), number).ptr;
    }
    operator std::string_view() const {
        return {text_.data(), static_cast<std::size_t>(end_ - text_.data())};
    }

  private:
    std::array<char, 32> text_{};
    char* end_ = nullptr;
};

std::string_view script_verb(const Operation& operation) {
    if (only_looks(operation)) return "look";
    switch (operation.verb) {
        case Verb::put: return "put";
        case Verb::add: return "add";
        case Verb::erase: return "erase";
        case Verb::weigh: return "weigh";
        case Verb::count: return "count";
        case Verb::get:
        case Verb::hold:
        case Verb::list: break;
    }
    return "look";
}

/// Reads what struct.pack('<…') has written.
class Packed {
  public:
    explicit Packed(std::string_view octets) : left_(octets) {}

    template <class Number>
    Number take() {
        std::array<char, sizeof(Number)> octets{};
        if (left_.size() < octets.size()) {
            failed_ = true;
            return Number{};
        }
        left_.copy(octets.data(), octets.size());
        left_.remove_prefix(octets.size());
        if constexpr (std::endian::native == std::endian::big) std::ranges::reverse(octets);
        return std::bit_cast<Number>(octets);
    }
    std::string_view rest() const { return left_; }
    bool failed() const { return failed_; }
    /// True: everything was there, and nothing is left.
    bool whole() const { return !failed_ && left_.empty(); }

  private:
    std::string_view left_;
    bool failed_ = false;
};

Seconds seconds(std::int64_t millis) {
    return std::chrono::duration_cast<Seconds>(Millis{millis});
}

std::optional<Record> take_record(Packed& packed) {
    Record record;
    const char kind = packed.take<char>();
    record.made = record.changed = packed.take<std::int64_t>();
    if (packed.failed()) return std::nullopt;
    if (kind == 'v') {
        record.content = Value{std::string(packed.rest())};
        return record;
    }
    record.changed = packed.take<std::int64_t>();
    if (kind == 'e') {
        Evidence evidence;
        evidence.good = packed.take<double>();
        evidence.bad = packed.take<double>();
        evidence.half_life = seconds(packed.take<std::int64_t>());
        if (!std::isfinite(evidence.good) || !std::isfinite(evidence.bad)) return std::nullopt;
        record.content = evidence;
    } else if (kind == 'w') {
        Window window;
        window.length = seconds(packed.take<std::int64_t>());
        window.half_started = packed.take<std::int64_t>();
        for (Counts* counts : {&window.current, &window.previous})
            for (std::uint32_t& count : *counts)
                count = packed.take<std::uint32_t>();
        record.content = window;
    } else {
        return std::nullopt;
    }
    if (!packed.whole()) return std::nullopt;
    return record;
}

}  // namespace

void append_redis_command(std::string& out, std::initializer_list<std::string_view> words) {
    append_words(out, {words.begin(), words.size()});
}

std::string_view redis_script() {
    return script;
}

const std::string& redis_script_digest() {
    static const std::string digest = [] {
        std::array<unsigned char, SHA_DIGEST_LENGTH> octets{};
        SHA1(reinterpret_cast<const unsigned char*>(script.data()), script.size(), octets.data());
        return hexadecimal(octets);
    }();
    return digest;
}

void append_redis_operation(std::string& out, const Operation& operation, std::string_view prefix,
                            ScriptBy by) {
    std::array<char, 2 * key_octets_max> long_enough{};
    std::string longer;
    std::string_view key;
    const std::size_t size = prefix.size() + operation.key.size();
    if (size <= long_enough.size()) {
        std::ranges::copy(operation.key, std::ranges::copy(prefix, long_enough.begin()).out);
        key = {long_enough.data(), size};
    } else {
        key = longer.append(prefix).append(operation.key);
    }
    const Digits term(std::clamp<std::int64_t>(operation.term.count(), 0, term_s_max) * 1000);
    const std::string_view first = by == ScriptBy::text ? "EVAL" : "EVALSHA";
    const std::string_view known_by = by == ScriptBy::text ? script : redis_script_digest();
    const std::string_view verb = script_verb(operation);
    if (verb == "put" || verb == "add") {
        append_redis_command(out, {first, known_by, "1", key, verb, term, operation.value});
    } else if (verb == "weigh") {
        append_redis_command(
            out, {first, known_by, "1", key, verb, term, Digits(operation.good), Digits(operation.bad)});
    } else if (verb == "count") {
        const Counts& c = operation.counts;
        append_redis_command(out, {first, known_by, "1", key, verb, term, Digits(c[0]), Digits(c[1]),
                                   Digits(c[2]), Digits(c[3]), Digits(c[4]), Digits(c[5])});
    } else {
        append_redis_command(out, {first, known_by, "1", key, verb, term});
    }
}

std::optional<Outcome> redis_outcome(const Operation& operation, const RedisReply& reply) {
    if (reply.kind != RedisReply::Kind::text) return std::nullopt;
    Packed packed(reply.text);
    const bool found = packed.take<char>() == '1';
    const auto now = packed.take<std::int64_t>();
    const auto left = packed.take<std::int64_t>();
    if (packed.failed()) return std::nullopt;
    std::optional<Record> record = take_record(packed);
    // In the millisecond in which it ends, a record exists with no time left; 0 would be read as for ever.
    if (left == 0 && (operation.verb == Verb::list || only_looks(operation))) record.reset();
    if (record && left >= 0) record->expires = now + left;

    if (operation.verb == Verb::list) return record ? describe(operation.key, *record, now) : Outcome{};
    if (only_looks(operation)) return apply(operation, record, now);
    if (operation.verb == Verb::erase) return Outcome{.found = found};
    if (!record) return std::nullopt;
    Outcome outcome = describe({}, *record, now);
    outcome.found = found;
    return outcome;
}

void append_redis_scan(std::string& out, std::string_view cursor, std::string_view prefix) {
    std::string pattern;
    for (const char c : prefix) {
        if (c == '*' || c == '?' || c == '[' || c == ']' || c == '\\') pattern += '\\';
        pattern += c;
    }
    pattern += '*';
    append_redis_command(out, {"SCAN", cursor, "MATCH", pattern, "COUNT", "1000"});
}

}  // namespace sluice::store
