#include "load/class_text.hpp"

#include <gtest/gtest.h>

namespace load {
namespace {

TEST(ClassText, ReadsEveryPart) {
    const auto read = parse_class(
        "name=good,kind=mail,clients=7,rate=12.5,after=3,bounces=25,persistent=2,pipelined,size=65536,"
        "sources=127.2.0.0/16,recipient=a@b.test,timeout=5,reset");
    ASSERT_TRUE(read) << read.error();
    EXPECT_EQ(read->name, "good");
    EXPECT_EQ(read->kind, Kind::mail);
    EXPECT_EQ(read->clients, 7U);
    EXPECT_DOUBLE_EQ(read->arrivals_per_s, 12.5);
    EXPECT_DOUBLE_EQ(read->after_s, 3);
    EXPECT_EQ(read->bounces_percent, 25U);
    EXPECT_EQ(read->persistent, 2U);
    EXPECT_TRUE(read->pipelined);
    EXPECT_EQ(read->message_octets, 65536U);
    EXPECT_EQ(read->sources->count(), 65534U);
    EXPECT_EQ(read->recipient, "a@b.test");
    EXPECT_EQ(read->timeout_s, 5U);
    EXPECT_TRUE(read->reset);
}

TEST(ClassText, IsNamedAfterItsKindUnlessGivenAName) {
    for (const Kind kind : {Kind::mail, Kind::bounce, Kind::churn, Kind::hold, Kind::loris, Kind::drip,
                            Kind::peek, Kind::rush, Kind::bot}) {
        const auto read = parse_class("kind=" + std::string(name(kind)));
        ASSERT_TRUE(read);
        EXPECT_EQ(read->kind, kind);
        EXPECT_EQ(read->name, name(kind));
    }
}

TEST(ClassText, SaysWhichPartIsWrong) {
    for (const char* part : {"kind=spammer", "clients=0", "clients=-1", "clients=x", "bounces=101",
                             "sources=127.1.0.1/16", "size=", "drop=0", "interval_ms=0", "persistent=0",
                             "rate=-1", "pipelined=2", "colour=blue", "clients"}) {
        const auto read = parse_class("kind=mail," + std::string(part) + ",timeout=1");
        ASSERT_FALSE(read) << part;
        EXPECT_EQ(read.error(), part);
    }
    EXPECT_EQ(parse_class("clients=3").error(), "no kind");
    EXPECT_EQ(parse_class("").error(), "no kind");
}

}  // namespace
}  // namespace load
