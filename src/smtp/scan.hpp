// The inner loop of message content: it finds how much of it needs no closer look.
//
// It uses SSE2 if available (every x86-64), and a plain loop elsewhere and for the tail; both give the same
// result.
#pragma once

#include <bit>
#include <cstddef>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace sluice::smtp {

/// The number of octets at the front of `text` in which every CR is followed by LF, every LF is preceded by
/// CR, there is no NUL, and no LF is followed by a dot. A CR at the very end is not included, because its
/// meaning depends on the next octet. `text` is taken to begin in the middle of a line.
inline std::size_t clean_prefix_portable(std::string_view text, std::size_t from = 0) {
    const auto at = [text](std::size_t i) { return i < text.size() ? text[i] : '\0'; };
    std::size_t i = from;
    if (i > 0 && text[i - 1] == '\n' && at(i) == '.') return i;
    while (i < text.size()) {
        const char c = text[i];
        if (c == '\0' || c == '\n') return i;
        if (c != '\r') {
            ++i;
            continue;
        }
        if (at(i + 1) != '\n') return i;
        i += 2;
        if (at(i) == '.') return i;
    }
    return i;
}

#if defined(__SSE2__)

inline std::size_t clean_prefix(std::string_view text) {
    constexpr std::size_t block_octets = 16;
    const __m128i cr = _mm_set1_epi8('\r');
    const __m128i lf = _mm_set1_epi8('\n');
    const __m128i dot = _mm_set1_epi8('.');
    const auto equals = [](__m128i a, __m128i b) {
        return static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(a, b)));
    };

    unsigned cr_before = 0;  // 1 when the octet before the block is CR
    unsigned lf_before = 0;  // likewise, LF
    std::size_t i = 0;
    for (; i + block_octets <= text.size(); i += block_octets) {
        const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + i));
        // Most blocks contain no octet at or below CR, and so no line end and no NUL. min(x, CR) == x finds
        // all such octets at once.
        if ((equals(_mm_min_epu8(block, cr), block) | cr_before | lf_before) == 0) continue;

        const unsigned crs = equals(block, cr);
        const unsigned lfs = equals(block, lf);
        const unsigned nuls = equals(block, _mm_setzero_si128());
        const unsigned dots = equals(block, dot);
        const unsigned after_cr = (crs << 1U | cr_before) & 0xffffU;
        const unsigned after_lf = (lfs << 1U | lf_before) & 0xffffU;
        const unsigned doubtful = (lfs ^ after_cr) | nuls | (dots & after_lf);
        if (doubtful != 0) {
            const auto first = static_cast<unsigned>(std::countr_zero(doubtful));
            // If the doubtful octet follows a CR and is not LF, the doubt begins with the CR.
            const bool cr_is_bare = (after_cr & ~lfs & (1U << first)) != 0;
            return i + first - (cr_is_bare ? 1 : 0);
        }
        cr_before = crs >> (block_octets - 1);
        lf_before = lfs >> (block_octets - 1);
    }
    return clean_prefix_portable(text, i - cr_before);
}

#else

inline std::size_t clean_prefix(std::string_view text) {
    return clean_prefix_portable(text);
}

#endif

}  // namespace sluice::smtp
