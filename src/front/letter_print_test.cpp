#include "front/letter_print.hpp"

#include <gtest/gtest.h>
#include <string>

namespace sluice::front {
namespace {

LetterPrint print_of(std::string_view content, std::size_t piece = SIZE_MAX) {
    LetterPrint print;
    for (; !content.empty(); content.remove_prefix(std::min(piece, content.size())))
        print.take(content.substr(0, piece));
    return print;
}

TEST(LetterPrint, FindsTheMessageId) {
    struct Row {
        std::string content;
        std::string_view id;
    };
    const std::string longest(LetterPrint::id_octets_max, 'x');
    // The field ends with the last octet that is looked at, or one octet beyond it.
    const auto behind = [](std::size_t octets) {
        return "X: " + std::string(octets - 3 - 2, 'x') + "\r\nMessage-ID:<a>\r\n\r\n";
    };
    constexpr std::size_t field_octets = 14;
    const Row rows[] = {
        {"Message-ID: <a@b>\r\n\r\nbody\r\n", "<a@b>"},
        {"From: x\r\nMESSAGE-id:<a@b> \t\r\nTo: y\r\n\r\n", "<a@b>"},
        {"Message-ID \t: <a@b>\r\n\r\n", "<a@b>"},
        {"Message-ID:\r\n <a@b>\r\n\r\n", "<a@b>"},
        {"Message-ID: <a\r\n\t@b>\r\nX: y\r\n z\r\n\r\n", "<a\t@b>"},
        {"Message-ID: " + longest.substr(1) + "\r\n\r\n", longest},
        {"Message-ID:" + longest + "\r\n\r\n", longest},
        {"Message-ID:" + longest + "x\r\n\r\n", ""},
        {"", ""},
        {"\r\n", ""},
        {"Subject: x\r\n\r\nMessage-ID: <a@b>\r\n", ""},
        {"Message-ID:\r\n\r\n", ""},
        {"Message-ID: \t \r\n\r\n", ""},
        {"Message-IDs: <a@b>\r\n\r\n", ""},
        {"XMessage-ID: <a@b>\r\n\r\n", ""},
        {" Message-ID: <a@b>\r\n\r\n", ""},
        {"Message-ID <a@b>\r\n\r\n", ""},
        {"Message-ID: <a@b>\r\nMessage-ID: <a@b>\r\n\r\n", ""},
        {"Message-ID: <a@b>\r\nX: y\r\nmessage-id: <c@d>\r\nMessage-ID: <e>\r\n\r\n", ""},
        {behind(LetterPrint::header_octets_max - field_octets), "<a>"},
        {behind(LetterPrint::header_octets_max - field_octets + 1), "<a"},
        {behind(LetterPrint::header_octets_max), ""},
    };
    for (const Row& row : rows)
        for (const std::size_t piece : {SIZE_MAX, std::size_t{1}, std::size_t{7}}) {
            const std::string_view expected =
                row.id.starts_with("x") && row.content.starts_with("Message-ID: ") ? row.id.substr(1)
                                                                                   : row.id;
            EXPECT_EQ(print_of(row.content, piece).message_id(), expected) << row.content.substr(0, 60);
        }
}

const smtp::Envelope envelope{"a@example.org", "SIZE=9", {{"b@example.com", ""}, {"c@example.com", ""}}};
const std::string letter = "Message-ID: <a@b>\r\nSubject: x\r\n\r\nbody of the letter\r\n";

TEST(LetterPrint, OneNameHoweverTheContentIsCut) {
    const std::string large = letter + std::string(200'000, 'x') + "\r\n";
    for (const std::string& content : {letter, large})
        for (const std::size_t piece : {1, 2, 3, 8, 31, 4096})
            EXPECT_EQ(print_of(content, piece).name(envelope, false),
                      print_of(content).name(envelope, false));
    EXPECT_EQ(print_of(letter).name(envelope, false)->size(), 32U);
}

TEST(LetterPrint, TheOrderOfRecipientsDoesNotMatter) {
    const smtp::Envelope other{"a@example.org", "SIZE=9", {{"c@example.com", ""}, {"b@example.com", ""}}};
    EXPECT_EQ(print_of(letter).name(envelope, false), print_of(letter).name(other, false));
}

TEST(LetterPrint, HowItIsSentMakesNoDifference) {
    for (const char* const parameters : {"", "BODY=8BITMIME", "size=9 body=BINARYMIME"})
        EXPECT_EQ(print_of(letter).name({envelope.sender, parameters, envelope.recipients}, false),
                  print_of(letter).name(envelope, false));
}

TEST(LetterPrint, WhatMakesItAnother) {
    const auto first = print_of(letter).name(envelope, false);
    const auto differs = [&](const std::string& content, const smtp::Envelope& of, bool authenticated) {
        EXPECT_NE(print_of(content).name(of, authenticated), first) << content;
    };
    differs("Message-ID: <a@c>\r\nSubject: x\r\n\r\nbody of the letter\r\n", envelope, false);
    differs("Message-ID: <a@b>\r\nSubject: xy\r\n\r\nbody of the letter\r\n", envelope, false);
    differs("Message-ID: <a@b>\r\nSubject: x\r\n\r\nbody of the Letter\r\n", envelope, false);
    differs("Message-ID: <a@b>\r\nSubject: y\r\n\r\nbody of the letter\r\n", envelope, false);
    differs(letter + "x\r\n", envelope, false);
    const auto differs_to = [&](std::string_view sender, std::string_view parameters,
                                std::vector<smtp::Recipient> recipients) {
        differs(letter, {std::string(sender), std::string(parameters), std::move(recipients)}, false);
    };
    differs_to("A@example.org", "SIZE=9", envelope.recipients);
    differs_to("", "SIZE=9", envelope.recipients);
    differs_to("a@example.org", "SIZE=9 REQUIRETLS", envelope.recipients);
    differs_to("a@example.org", "SIZE=9", {{"b@example.com", ""}});
    differs_to("a@example.org", "SIZE=9", {{"b@example.com", ""}, {"c@example.com", ""}, {"d@e", ""}});
    differs_to("a@example.org", "SIZE=9", {{"b@example.com", ""}, {"c@example.com", "NOTIFY=NEVER"}});
    differs(letter, envelope, true);
}

TEST(LetterPrint, NoNameWithoutAMessageId) {
    EXPECT_EQ(print_of("Subject: x\r\n\r\nbody\r\n").name(envelope, false), std::nullopt);
}

TEST(LetterPrint, EveryOctetCountsHoweverFarBehind) {
    const std::string content = letter + std::string(500'000, 'x');
    std::string other = content;
    other.back() = 'y';
    EXPECT_NE(print_of(content).name(envelope, false), print_of(other).name(envelope, false));
}

}  // namespace
}  // namespace sluice::front
