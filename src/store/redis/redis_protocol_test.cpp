// The parts of the Redis client that need no server.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/redis/redis_command.hpp"
#include "store/redis/redis_greeting.hpp"
#include "store/redis/redis_listing.hpp"
#include "store/redis/redis_reply.hpp"
#include "store/redis/redis_slots.hpp"
#include "store/redis/redis_verdict.hpp"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using namespace std::string_view_literals;
using Kind = RedisReply::Kind;
using Result = RedisReader::Result;

constexpr std::size_t room = 100'000;

RedisReply read(std::string_view octets) {
    RedisReader reader(room);
    reader.feed(octets);
    EXPECT_EQ(reader.next(), Result::reply) << octets;
    return reader.reply();
}

// ---- replies ---------------------------------------------------------------------------------------------

TEST(RedisReader, ReadsEveryKind) {
    EXPECT_EQ(read("+OK\r\n").kind, Kind::status);
    EXPECT_EQ(read("+OK\r\n").text, "OK");
    EXPECT_EQ(read("-ERR no\r\n").text, "ERR no");
    EXPECT_TRUE(read("-ERR no\r\n").is_error());
    EXPECT_EQ(read(":-12\r\n").integer, -12);
    EXPECT_EQ(read("$4\r\na\0\r\n\r\n"sv).text, "a\0\r\n"sv);
    EXPECT_EQ(read("$-1\r\n").kind, Kind::nil);
    EXPECT_EQ(read("*-1\r\n").kind, Kind::nil);
    EXPECT_TRUE(read("*0\r\n").elements.empty());
    const RedisReply nested = read("*3\r\n:1\r\n*2\r\n+a\r\n$1\r\nb\r\n$-1\r\n");
    ASSERT_EQ(nested.elements.size(), 3u);
    ASSERT_EQ(nested.elements[1].elements.size(), 2u);
    EXPECT_EQ(nested.elements[1].elements[1].text, "b");
    EXPECT_EQ(nested.elements[2].kind, Kind::nil);
}

TEST(RedisReader, ReadsOctetByOctetAndSeveralAtOnce) {
    constexpr std::string_view octets = "*2\r\n:1\r\n$3\r\nabc\r\n+OK\r\n$0\r\n\r\n";
    for (const std::size_t step : {std::size_t{1}, std::size_t{7}, octets.size()}) {
        RedisReader reader(room);
        std::vector<RedisReply> replies;
        for (std::size_t at = 0; at < octets.size(); at += step) {
            reader.feed(octets.substr(at, step));
            while (reader.next() == Result::reply)
                replies.push_back(reader.reply());
        }
        ASSERT_EQ(replies.size(), 3u);
        EXPECT_EQ(replies[0].elements[1].text, "abc");
        EXPECT_EQ(replies[1].text, "OK");
        EXPECT_TRUE(replies[1].elements.empty());
        EXPECT_EQ(replies[2].text, "");
    }
}

TEST(RedisReader, RepliesAreBounded) {
    const auto after = [](std::size_t bound, const std::string& octets) {
        RedisReader reader(bound);
        reader.feed(octets);
        return reader.next();
    };
    const std::string unfinished = "$1000\r\n" + std::string(93, 'x');
    EXPECT_EQ(after(100, unfinished), Result::more);
    EXPECT_EQ(after(99, unfinished), Result::broken);
    // Octets after a complete reply belong to the next one.
    RedisReader reader(100);
    for (int i = 0; i < 50; ++i) {
        reader.feed("+0123456789\r\n");
        ASSERT_EQ(reader.next(), Result::reply);
        ASSERT_EQ(reader.next(), Result::more);
    }
    const auto array = [](std::size_t values) { return "*" + std::to_string(values) + "\r\n"; };
    EXPECT_EQ(after(room, array(RedisReader::values_max)), Result::more);
    EXPECT_EQ(after(room, array(RedisReader::values_max + 1)), Result::broken);
    EXPECT_EQ(after(room, "*2000000000\r\n"), Result::broken);
    // They are counted in all arrays of a reply together.
    EXPECT_EQ(after(room, "*2\r\n" + array(RedisReader::values_max - 2)), Result::more);
    EXPECT_EQ(after(room, "*2\r\n*1\r\n:1\r\n" + array(RedisReader::values_max - 3)), Result::more);
    EXPECT_EQ(after(room, "*2\r\n*1\r\n:1\r\n" + array(RedisReader::values_max - 2)), Result::broken);
}

TEST(RedisReader, WhatIsNotRespIsBroken) {
    RedisReader reader(room);
    reader.feed("HTTP/1.1 400 Bad Request\r\n");
    EXPECT_EQ(reader.next(), Result::broken);
    EXPECT_EQ(reader.error(), "it does not speak Redis' protocol");
}

// ---- errors ----------------------------------------------------------------------------------------------

using Next = RedisVerdict::Next;

TEST(RedisVerdict, OfEachError) {
    struct Row {
        std::string_view error;
        RedisVerdict verdict;
    };
    const Row rows[] = {
        {"MOVED 3999 127.0.0.1:6381", {Next::redirect, 3999, {.name = "127.0.0.1", .port = 6381}}},
        {"MOVED 16383 2001:db8::1:6381", {Next::redirect, 16383, {.name = "2001:db8::1", .port = 6381}}},
        {"MOVED 1 :6381", {Next::redirect, 1, {.name = "", .port = 6381}}},
        {"MOVED 1 redis.example.org:1", {Next::redirect, 1, {.name = "redis.example.org", .port = 1}}},
        {"MOVED 16384 h:1", {}},
        {"MOVED 1 h:0", {}},
        {"MOVED 1 h", {}},
        {"MOVED", {}},
        {"ASK 7 h:70000", {}},
        {"ASK 7 h:7000", {Next::ask_there, 7, {.name = "h", .port = 7000}}},
        {"TRYAGAIN Multiple keys request during rehashing of slot", {.next = Next::again}},
        {"NOSCRIPT No matching script. Please use EVAL.", {.next = Next::tell_all}},
        {"CLUSTERDOWN Hash slot not served", {.next = Next::relearn}},
        {"LOADING Redis is loading the dataset in memory", {.next = Next::reconnect}},
        {"READONLY You can't write against a read only replica.", {.next = Next::reconnect}},
        {"MASTERDOWN Link with MASTER is down", {.next = Next::reconnect}},
        {"NOAUTH Authentication required.", {.next = Next::reconnect}},
        {"OOM command not allowed when used memory > 'maxmemory'.", {}},
        {"MISCONF Redis is configured to save RDB snapshots", {}},
        {"NOPERM this user has no permissions", {}},
        {"READONLYISH", {}},
        {"ERR Error running script (call to f_0): @user_script:31: @user_script: 31: -READONLY You can't "
         "write",
         {.next = Next::reconnect}},
        {"ERR Error running script (call to f_0): @user_script:31: attempt to index a nil value", {}},
        {"", {}},
    };
    for (const Row& row : rows)
        EXPECT_EQ(judge_redis_error(row.error), row.verdict) << row.error;
}

// ---- clusters --------------------------------------------------------------------------------------------

TEST(RedisSlots, OfKeys) {
    EXPECT_EQ(redis_slot(""), 0);
    EXPECT_EQ(redis_slot("123456789"), 0x31C3);  // the check value of CRC-16/XMODEM
    EXPECT_EQ(redis_slot("foo"), 12182);
    EXPECT_EQ(redis_slot("a{foo}b"), 12182);
    EXPECT_EQ(redis_slot("a{foo}{bar}"), 12182);
    EXPECT_EQ(redis_slot("{}foo"), redis_slot("{}foo"));
    EXPECT_NE(redis_slot("{}foo"), redis_slot("{}bar"));  // nothing in the braces: the whole key counts
    EXPECT_NE(redis_slot("{foo"), redis_slot("{bar"));
}

TEST(RedisSlots, OfACluster) {
    const RedisHost asked{.name = "10.0.0.9", .port = 7000};
    const auto ranges =
        parse_redis_slots(read("*2\r\n"
                               "*4\r\n:0\r\n:5460\r\n*3\r\n$8\r\n10.0.0.1\r\n:7001\r\n$2\r\nid\r\n"
                               "*3\r\n$8\r\n10.0.0.2\r\n:7002\r\n$2\r\nid\r\n"
                               "*3\r\n:5461\r\n:16383\r\n*4\r\n$-1\r\n:7003\r\n$2\r\nid\r\n*0\r\n"),
                          asked);
    ASSERT_TRUE(ranges);
    EXPECT_EQ(*ranges, (std::vector<RedisSlotRange>{
                           {.first = 0, .last = 5460, .master = {.name = "10.0.0.1", .port = 7001}},
                           {.first = 5461, .last = 16383, .master = {.name = "10.0.0.9", .port = 7003}}}));
    EXPECT_EQ(parse_redis_slots(read("*0\r\n"), asked), std::vector<RedisSlotRange>{});
    for (const std::string_view wrong :
         {"+OK\r\n", "*1\r\n:1\r\n", "*1\r\n*2\r\n:0\r\n:1\r\n",
          "*1\r\n*3\r\n:0\r\n:16384\r\n*2\r\n+h\r\n:1\r\n", "*1\r\n*3\r\n:2\r\n:1\r\n*2\r\n+h\r\n:1\r\n",
          "*1\r\n*3\r\n:-1\r\n:1\r\n*2\r\n+h\r\n:1\r\n", "*1\r\n*3\r\n:0\r\n:1\r\n*2\r\n+h\r\n:0\r\n",
          "*1\r\n*3\r\n:0\r\n:1\r\n*1\r\n+h\r\n", "*1\r\n*3\r\n:0\r\n:1\r\n*2\r\n+h\r\n:65536\r\n"})
        EXPECT_FALSE(parse_redis_slots(read(wrong), asked)) << wrong;
}

// ---- commands --------------------------------------------------------------------------------------------

std::vector<std::string> words(const std::string& command) {
    std::vector<std::string> found;
    for (const RedisReply& word : read(command).elements)
        found.push_back(word.text);
    return found;
}
std::vector<std::string> words(const Operation& operation, ScriptBy by = ScriptBy::digest) {
    std::string out;
    append_redis_operation(out, operation, "p:", by);
    return words(out);
}
using testing::ElementsAre;

TEST(RedisCommand, OfEachVerb) {
    const std::string& digest = redis_script_digest();
    EXPECT_EQ(digest.size(), 40u);
    EXPECT_THAT(words(Operation{.verb = Verb::get, .key = "k"}),
                ElementsAre("EVALSHA", digest, "1", "p:k", "look", "0"));
    EXPECT_THAT(words(Operation{.verb = Verb::put, .key = "k", .value = "v", .term = 7s}),
                ElementsAre("EVALSHA", digest, "1", "p:k", "put", "7000", "v"));
    EXPECT_THAT(words(Operation{.verb = Verb::add, .key = "k", .value = ""}),
                ElementsAre("EVALSHA", digest, "1", "p:k", "add", "0", ""));
    EXPECT_THAT(words(Operation{.verb = Verb::erase, .key = "k"}),
                ElementsAre("EVALSHA", digest, "1", "p:k", "erase", "0"));
    EXPECT_THAT(words(Operation{.verb = Verb::weigh, .key = "k", .term = 1s, .good = 0.1, .bad = 1e-9}),
                ElementsAre("EVALSHA", digest, "1", "p:k", "weigh", "1000", "0.1", "1e-09"));
    EXPECT_THAT(words(Operation{.verb = Verb::weigh, .key = "k", .term = 1s}), testing::Contains("look"));
    EXPECT_THAT(
        words(Operation{.verb = Verb::count, .key = "k", .term = 1s, .counts = {1, 0, 4294967295U}}),
        ElementsAre("EVALSHA", digest, "1", "p:k", "count", "1000", "1", "0", "4294967295", "0", "0", "0"));
    EXPECT_THAT(words(Operation{.verb = Verb::count, .key = "k", .term = 1s}), testing::Contains("look"));
    EXPECT_THAT(words(Operation{.verb = Verb::get, .key = "k"}, ScriptBy::text),
                ElementsAre("EVAL", redis_script(), "1", "p:k", "look", "0"));
    for (const Seconds term : {100'000'000'000s, 100'000'000'001s, Seconds::max()})  // term_s_max
        EXPECT_THAT(words(Operation{.verb = Verb::put, .key = "k", .term = term}),
                    testing::Contains("100000000000000"));
    EXPECT_THAT(words(Operation{.verb = Verb::put, .key = "k", .term = 99'999'999'999s}),
                testing::Contains("99999999999000"));
    EXPECT_THAT(words(Operation{.verb = Verb::put, .key = "k", .term = -1s}), testing::Contains("0"));
    EXPECT_EQ(words(Operation{.verb = Verb::get, .key = std::string(600, 'k')})[3],
              "p:" + std::string(600, 'k'));
}

TEST(RedisCommand, HasSoManyWords) {
    std::string most, more;  // words_max
    append_redis_command(
        most, {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16"});
    append_redis_command(
        more, {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17"});
    EXPECT_EQ(words(most).size(), 16u);
    EXPECT_EQ(words(most).back(), "16");
    EXPECT_EQ(more, most) << "cut, and not written beyond";
}

RedisReply text(std::string_view octets) {
    return {.kind = Kind::text, .text = std::string(octets)};
}

TEST(RedisCommand, OutcomeOfAReply) {
    const Operation get{.verb = Verb::get, .key = "k"};
    // Found; at 10,000 ms; 1,500 ms left; a value made at 5,000 ms.
    const std::string value = "1\x10\x27\0\0\0\0\0\0\xdc\x05\0\0\0\0\0\0v\x88\x13\0\0\0\0\0\0text"s;
    EXPECT_EQ(redis_outcome(get, text(value)),
              (Outcome{.found = true, .value = "text", .age = 5s, .left = 2s, .kind = Verb::put}));
    EXPECT_EQ(
        redis_outcome({.verb = Verb::list, .key = "k"}, text(value)),
        (Outcome{.found = true, .key = "k", .value = "text", .age = 5s, .left = 2s, .kind = Verb::put}));
    EXPECT_EQ(redis_outcome({.verb = Verb::erase, .key = "k"}, text(value.substr(0, 17))),
              Outcome{.found = true});
    EXPECT_EQ(redis_outcome(get, text(value.substr(0, 17))), Outcome{});
    // In the millisecond in which a record ends there is no time left, which must not be read as for ever.
    std::string ending = value;
    ending.replace(9, 2, "\0\0"s);
    EXPECT_EQ(redis_outcome(get, text(ending)), Outcome{});
    EXPECT_EQ(redis_outcome({.verb = Verb::list, .key = "k"}, text(ending)), Outcome{});
    // A foreign value is no record, whatever its length.
    for (std::size_t size = 0; size < 9; ++size)
        EXPECT_EQ(redis_outcome(get, text(value.substr(0, 17 + size))), Outcome{});
    for (const char kind : {'e', 'w', 'x', '\0'})
        for (const std::size_t size : {1, 9, 17, 40, 42, 80, 82, 300})
            EXPECT_EQ(redis_outcome({.verb = Verb::list, .key = "k"},
                                    text(value.substr(0, 17) + kind + std::string(size - 1, 'z'))),
                      Outcome{});
    const std::string not_a_number = "\0\0\0\0\0\0\xf8\x7f"s;
    const std::string zero(8, '\0');
    EXPECT_EQ(redis_outcome({.verb = Verb::list, .key = "k"},
                            text(value.substr(0, 17) + "e" + zero + zero + not_a_number + zero + zero)),
              Outcome{});
    // A reply that is not the script's is no outcome either.
    EXPECT_EQ(redis_outcome(get, text(value.substr(0, 16))), std::nullopt);
    EXPECT_EQ(redis_outcome(get, RedisReply{}), std::nullopt);
    EXPECT_EQ(redis_outcome({.verb = Verb::put, .key = "k"}, text(value.substr(0, 17))), std::nullopt);
}

// ---- greeting --------------------------------------------------------------------------------------------

std::string greeting(const RedisOptions& options, RedisRole role) {
    std::string out;
    RedisGreeting(options, role).append(out);
    std::string all;
    RedisReader reader(room);
    for (reader.feed(out); reader.next() == Result::reply; all += "\n")
        for (const RedisReply& word : reader.reply().elements)
            all += word.text + " ";
    return all;
}

TEST(RedisGreeting, SaysWhatIsNeeded) {
    RedisOptions options;
    EXPECT_EQ(greeting(options, RedisRole::master), "PING \nROLE \n");
    EXPECT_EQ(greeting(options, RedisRole::node), "PING \nCLUSTER MYID \n");
    options.login.password = "pw";
    options.database = 3;
    EXPECT_EQ(greeting(options, RedisRole::master), "AUTH pw \nSELECT 3 \nPING \nROLE \n");
    EXPECT_EQ(greeting(options, RedisRole::sentinel), "PING \n");
    options.login.user = "u";
    options.sentinel_login.password = "s";
    EXPECT_EQ(greeting(options, RedisRole::node), "AUTH u pw \nPING \nCLUSTER MYID \n");
    EXPECT_EQ(greeting(options, RedisRole::sentinel), "AUTH s \nPING \n");
}

TEST(RedisGreeting, AReplicaIsNoMaster) {
    const RedisOptions options;
    const auto role = [&](std::string_view reply) {
        RedisGreeting greeting(options, RedisRole::master);
        EXPECT_EQ(greeting.check(read("+PONG\r\n")), std::nullopt);
        EXPECT_FALSE(greeting.done());
        auto why = greeting.check(read(reply));
        EXPECT_TRUE(greeting.done());
        return why;
    };
    EXPECT_EQ(role("*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n"), std::nullopt);
    EXPECT_EQ(role("*2\r\n$5\r\nslave\r\n$1\r\nh\r\n"), "it is a replica, not a master");
    EXPECT_EQ(role("-NOPERM this user has no permissions\r\n"), std::nullopt);
    EXPECT_EQ(RedisGreeting(options, RedisRole::master).check(read("-NOAUTH Authentication required.\r\n")),
              "it said NOAUTH Authentication required.");
}

// ---- lists -----------------------------------------------------------------------------------------------

TEST(RedisWalk, KeepsTheFirst) {
    RedisWalk walk({.verb = Verb::list, .key = "a/", .value = "a/005", .amount = 10}, "p:");
    std::string out;
    walk.append(out);
    EXPECT_THAT(words(out), ElementsAre("SCAN", "0", "MATCH", "p:a/*", "COUNT", "1000"));
    std::string page = "*2\r\n$2\r\n42\r\n*202\r\n+other:a/100\r\n+p:b/1\r\n";
    for (int number = 199; number >= 0; --number)
        page += "+p:a/" + std::to_string(1000 + number).substr(1) + "\r\n";
    ASSERT_TRUE(walk.take(read(page)));
    EXPECT_FALSE(walk.server_done());
    out.clear();
    walk.append(out);
    EXPECT_EQ(words(out)[1], "42");
    ASSERT_TRUE(walk.take(read("*2\r\n$1\r\n0\r\n*2\r\n+p:a/005a\r\n+p:a/006\r\n")));
    EXPECT_TRUE(walk.server_done());
    const Operations looks = walk.looks();
    ASSERT_EQ(looks.size(), 24u);
    EXPECT_EQ(looks[0], (Operation{.verb = Verb::list, .key = "a/005a"}));
    EXPECT_EQ(looks[1].key, "a/006");
    EXPECT_EQ(looks[23].key, "a/028");
    walk.next_server();
    EXPECT_FALSE(walk.server_done());
    EXPECT_FALSE(walk.take(read("+OK\r\n")));
    EXPECT_FALSE(walk.take(read("*2\r\n:0\r\n*0\r\n")));
}

TEST(RedisWalk, AmountsAreBounded) {
    const auto amount = [](std::int32_t asked) {
        return RedisWalk({.verb = Verb::list, .key = "", .amount = asked}, "").amount();
    };
    EXPECT_EQ(amount(-1), 0u);
    EXPECT_EQ(amount(listed_max), std::size_t{listed_max});
    EXPECT_EQ(amount(listed_max + 1), std::size_t{listed_max});
}

}  // namespace
}  // namespace sluice::store
