#include "app/process/channel.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace sluice::app {
namespace {

TEST(Channel, OctetsThatMeanNothingChangeNothing) {
    int orders = 0;
    int notes = 0;
    for (int octet = 0; octet < 256; ++octet) {
        orders += read_order(static_cast<char>(octet)).has_value() ? 1 : 0;
        notes += read_note(static_cast<char>(octet)).has_value() ? 1 : 0;
    }
    EXPECT_EQ(orders, 5);
    EXPECT_EQ(notes, 3);
    const Channel channel = open_channel();
    bool over = false;
    const int free_before = ::dup(channel.worker.get());
    ::close(free_before);
    ASSERT_TRUE(send_order(channel.supervisor.get(), static_cast<Order>('?'), channel.worker.get()));
    ASSERT_TRUE(send_order(channel.supervisor.get(), Order::retire));
    EXPECT_FALSE(receive_order(channel.worker.get(), over));
    EXPECT_EQ(receive_order(channel.worker.get(), over)->order, Order::retire);
    EXPECT_EQ(net::Fd(::dup(channel.worker.get())).get(), free_before) << "its descriptor is closed";
    ASSERT_TRUE(send_note(channel.worker.get(), static_cast<Note>('\0')));
    ASSERT_TRUE(send_note(channel.worker.get(), Note::alive));
    EXPECT_FALSE(receive_note(channel.supervisor.get(), over));
    EXPECT_EQ(receive_note(channel.supervisor.get(), over), (NoteReceived{Note::alive, ""}));
    EXPECT_FALSE(over);
}

TEST(Channel, CarriesOrdersWithDescriptors) {
    const Channel channel = open_channel();
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const net::Fd in(ends[0]);
    const net::Fd out(ends[1]);
    EXPECT_TRUE(send_order(channel.supervisor.get(), Order::take_log, out.get()));
    EXPECT_TRUE(send_order(channel.supervisor.get(), Order::retire));
    bool over = false;
    const auto first = receive_order(channel.worker.get(), over);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->order, Order::take_log);
    ASSERT_EQ(::write(first->descriptor.get(), "x", 1), 1);
    char octet = 0;
    EXPECT_EQ(::read(in.get(), &octet, 1), 1);
    const auto second = receive_order(channel.worker.get(), over);
    ASSERT_TRUE(second);
    EXPECT_EQ(second->order, Order::retire);
    EXPECT_FALSE(second->descriptor);
    EXPECT_FALSE(receive_order(channel.worker.get(), over));
    EXPECT_FALSE(over);
}

TEST(Channel, AQueueIsTakenAsWhoBoundItSays) {
    EXPECT_EQ(take_queue_order(front::Wrapping::none), Order::take_queue);
    EXPECT_EQ(take_queue_order(front::Wrapping::tls), Order::take_tls_queue);
    const Channel channel = open_channel();
    for (const front::Wrapping wrapping : {front::Wrapping::tls, front::Wrapping::none}) {
        ASSERT_TRUE(send_order(channel.supervisor.get(), take_queue_order(wrapping), channel.worker.get()));
        bool over = false;
        const auto received = receive_order(channel.worker.get(), over);
        ASSERT_TRUE(received);
        EXPECT_EQ(received->order, take_queue_order(wrapping));
        EXPECT_TRUE(received->descriptor);
    }
}

TEST(Channel, TheEndOfEitherSideIsSeen) {
    Channel channel = open_channel();
    bool over = false;
    EXPECT_TRUE(send_note(channel.worker.get(), Note::serving));
    channel.worker.reset();
    EXPECT_EQ(receive_note(channel.supervisor.get(), over), (NoteReceived{Note::serving, ""}));
    EXPECT_FALSE(over);
    EXPECT_FALSE(receive_note(channel.supervisor.get(), over));
    EXPECT_TRUE(over);
    EXPECT_FALSE(send_order(channel.supervisor.get(), Order::retire));
}

TEST(Channel, ASupervisorTakesNoDescriptors) {
    const Channel channel = open_channel();
    const int free_before = ::dup(channel.worker.get());
    ::close(free_before);
    // Only a compromised worker would do this.
    ASSERT_TRUE(send_order(channel.worker.get(), static_cast<Order>(Note::alive), channel.worker.get()));
    bool over = false;
    EXPECT_TRUE(receive_note(channel.supervisor.get(), over));
    const net::Fd next(::dup(channel.worker.get()));
    EXPECT_EQ(next.get(), free_before);
}

TEST(Channel, ANoteMayHaveAText) {
    const Channel channel = open_channel();
    const std::string longest(note_octets_max - 1, 'x');
    ASSERT_TRUE(send_note(channel.worker.get(), Note::sessions, "lane slow\n"));
    ASSERT_TRUE(send_note(channel.worker.get(), Note::sessions, longest + 'y'));
    ASSERT_TRUE(send_note(channel.worker.get(), Note::alive));
    bool over = false;
    EXPECT_EQ(receive_note(channel.supervisor.get(), over), (NoteReceived{Note::sessions, "lane slow\n"}));
    EXPECT_EQ(receive_note(channel.supervisor.get(), over), (NoteReceived{Note::sessions, longest}));
    EXPECT_EQ(receive_note(channel.supervisor.get(), over), (NoteReceived{Note::alive, ""}));
}

TEST(Channel, WhoDoesNotReadKeepsNobodyWaiting) {
    const Channel channel = open_channel();
    int sent = 0;
    while (send_note(channel.worker.get(), Note::alive))
        ASSERT_LT(++sent, 1'000'000);
    EXPECT_GT(sent, 10);
}

}  // namespace
}  // namespace sluice::app
