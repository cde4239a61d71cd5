#include "base/stream_hash.hpp"

#include <gtest/gtest.h>
#include <string>

namespace sluice {
namespace {

std::string text_of(std::size_t octets) {
    std::string text;
    for (std::size_t i = 0; i < octets; ++i)
        text += static_cast<char>(i * 37 + i / 11);
    return text;
}

std::uint64_t in_pieces(std::string_view text, std::size_t piece, const HashKey& key) {
    StreamHash hash(key);
    for (; !text.empty(); text.remove_prefix(std::min(piece, text.size())))
        hash.take(text.substr(0, piece));
    return hash.value();
}

TEST(StreamHash, IsTheHashOfTheWholeHoweverItIsCut) {
    const HashKey keys[] = {{}, {.k0 = 0x0706050403020100, .k1 = 0x0f0e0d0c0b0a0908}};
    for (const HashKey& key : keys)
        for (std::size_t octets = 0; octets <= 70; ++octets)
            for (std::size_t piece = 1; piece <= 17; ++piece)
                EXPECT_EQ(in_pieces(text_of(octets), piece, key), KeyedHash(key)(text_of(octets)))
                    << octets << " octets by " << piece;
}

TEST(StreamHash, EmptyPiecesChangeNothing) {
    StreamHash hash;
    hash.take("");
    hash.take("abc");
    hash.take("");
    hash.take("defghijk");
    EXPECT_EQ(hash.value(), KeyedHash{}("abcdefghijk"));
}

TEST(StreamHash, MoreMayFollowAValue) {
    StreamHash hash;
    hash.take("abc");
    EXPECT_EQ(hash.value(), KeyedHash{}("abc"));
    hash.take("def");
    EXPECT_EQ(hash.value(), KeyedHash{}("abcdef"));
}

}  // namespace
}  // namespace sluice
