// The report of a failed check in a fuzz target: it aborts with a message, whatever the build type.
#pragma once

#include <cstdlib>
#include <fmt/format.h>

#define FUZZ_EXPECT(condition)                                                                \
    do {                                                                                      \
        if (const bool holds = static_cast<bool>(condition); !holds) {                        \
            fmt::print(stderr, "{}:{}: does not hold: {}\n", __FILE__, __LINE__, #condition); \
            std::abort();                                                                     \
        }                                                                                     \
    } while (false)
