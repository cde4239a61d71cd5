#include "net/digest.hpp"

#include <gtest/gtest.h>

namespace sluice::net {
namespace {

TEST(Digest, IsSha256) {
    EXPECT_EQ(Digest().hex(), "e3b0c44298fc1c149afbf4c8996fb924");
    Digest digest;
    digest.take("abc");  // the example of FIPS 180-4
    EXPECT_EQ(digest.hex(), "ba7816bf8f01cfea414140de5dae2223");
    EXPECT_EQ(digest.hex(), "ba7816bf8f01cfea414140de5dae2223") << "asking changes nothing";
}

TEST(Digest, HowItIsCutMakesNoDifference) {
    Digest whole;
    Digest pieces;
    whole.take("abcdef");
    pieces.take("ab");
    pieces.take("");
    (void)pieces.hex();
    pieces.take("cdef");
    EXPECT_EQ(whole.hex(), pieces.hex());
}

}  // namespace
}  // namespace sluice::net
