#include "sink/sink.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <string>

#include "sink/testing/scratch_maildir.hpp"
#include "smtp/foreign_recipient.hpp"

namespace sluice::sink {
namespace {

using testing::EndsWith;
using testing::IsEmpty;
using testing::StartsWith;

class Delivery final : public smtp::DeliveryQuestion {
  public:
    void answered(const smtp::Answer& answer) override { reply = answer.reply; }
    smtp::Reply reply;  // code 0: none yet
};

class SinkTest : public testing::Test {
  protected:
    void ask(Delivery& delivery, std::string_view memory, int fd = -1, std::uint64_t file_octets = 0) {
        delivery.client = &client_;
        delivery.envelope = &envelope_;
        delivery.message = {.memory = memory, .fd = fd, .file_octets = file_octets};
        sink_.deliver(delivery);
        EXPECT_EQ(delivery.reply.code, 0) << "answered from inside deliver()";
    }
    void settle(const Delivery& delivery) {
        for (int turns = 0; turns < 1000 && delivery.reply.code == 0; ++turns)
            loop_.turn(Millis{10});
    }

    ScratchMaildir scratch_;
    net::Loop loop_;
    net::Offload offload_{loop_};
    Maildir maildir_{scratch_.path(), "host"};
    int stored_ = 0;
    Sink sink_{
        loop_, offload_, maildir_, {"host", Recipients("user@example.org")}, [this](const Stored& stored) {
            stored_ += stored.octets > 0 ? 1 : 0;
        }};
    smtp::ClientIdentity client_{IpAddress::v4({192, 0, 2, 1}), 1, "", "helo", true};
    smtp::Envelope envelope_{"a@example.org", "", {{"user@example.org", ""}}};
};

TEST_F(SinkTest, AMessageInMemoryIsStoredUnstuffedWithUnixLines) {
    Delivery delivery;
    ask(delivery, "Subject: x\r\n\r\n..dot\r\n");
    settle(delivery);
    EXPECT_EQ(delivery.reply.code, 250);
    const auto files = scratch_.files("new");
    ASSERT_EQ(files.size(), 1U);
    EXPECT_THAT(files[0], StartsWith("Return-Path: <a@example.org>\n"));
    EXPECT_THAT(files[0], EndsWith("+0000\nSubject: x\n\n.dot\n"));
    EXPECT_EQ(stored_, 1);
}

TEST_F(SinkTest, AMessageInAFileIsStoredWhole) {
    // Larger than one read, with a stuffed dot at the start of every line.
    std::string wire, content;
    for (int line = 0; line < 40'000; ++line) {
        wire += "..line\r\n";
        content += ".line\n";
    }
    const int fd = ::memfd_create("message", MFD_CLOEXEC);
    ASSERT_EQ(::write(fd, wire.data() + 5, wire.size() - 5), static_cast<ssize_t>(wire.size() - 5));
    Delivery delivery;
    ask(delivery, std::string_view(wire).substr(0, 5), fd, wire.size() - 5);
    ::close(fd);  // the thread has its own
    settle(delivery);
    EXPECT_EQ(delivery.reply.code, 250);
    const auto files = scratch_.files("new");
    ASSERT_EQ(files.size(), 1U);
    EXPECT_EQ(files[0].substr(files[0].size() - content.size()), content);
}

TEST_F(SinkTest, AFileThatEndsEarlyIsNotStored) {
    const int fd = ::memfd_create("message", MFD_CLOEXEC);
    Delivery delivery;
    ask(delivery, "x\r\n", fd, 10);
    ::close(fd);
    settle(delivery);
    EXPECT_EQ(delivery.reply.code, 452);
    EXPECT_THAT(scratch_.files("new"), IsEmpty());
    EXPECT_THAT(scratch_.files("tmp"), IsEmpty());
    EXPECT_EQ(stored_, 0);
}

TEST_F(SinkTest, AWithdrawnQuestionIsNeverAnswered) {
    std::string message = "withdrawn\r\n";
    {
        Delivery delivery;
        ask(delivery, message);
    }
    message.assign(message.size(), '!');  // the memory that the view pointed to has been reused
    Delivery following;
    ask(following, "following\r\n");
    settle(following);
    EXPECT_EQ(following.reply.code, 250);
    EXPECT_EQ(stored_, 1);
    for (const std::string& file : scratch_.files("new"))
        EXPECT_EQ(file.find('!'), std::string::npos);
}

class Recipient final : public smtp::RecipientQuestion {
  public:
    void answered(const smtp::Answer&) override { FAIL() << "the sink answers at once"; }
};

TEST_F(SinkTest, RecipientsAreAnsweredAtOnce) {
    const auto verify = [&](const std::string& address) {
        const smtp::Recipient recipient{address, ""};
        Recipient question;
        question.client = &client_;
        question.envelope = &envelope_;
        question.recipient = &recipient;
        return sink_.verify(question).value();
    };
    EXPECT_EQ(verify("User@Example.org").reply.code, 250);
    EXPECT_FALSE(verify("user@example.org").unknown_recipient);
    EXPECT_EQ(verify("other@example.org").reply, (smtp::Reply{550, "5.1.1 No such user here"}));
    EXPECT_TRUE(verify("other@example.org").unknown_recipient);
    for (const std::string_view foreign : smtp::foreign_recipients) {
        EXPECT_EQ(verify(std::string(foreign)).reply.code, 550)
            << "or Sluice would take it for an open relay";
        EXPECT_FALSE(verify(std::string(foreign)).unknown_recipient);
    }
}

TEST_F(SinkTest, ItOffersXclient) {
    EXPECT_TRUE(sink_.offer().has(smtp::Extension::xclient));
    EXPECT_TRUE(sink_.offer().has(smtp::Extension::chunking));
}

}  // namespace
}  // namespace sluice::sink
