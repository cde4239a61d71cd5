// The time that a bot waits for a server that is slow on purpose.
//
// Spam software gives up after times of its own, far below the minutes of RFC 5321 4.5.3.2: servers that
// trickle see disconnects in three spikes. Their shares have not been published; here each is equally likely.
#pragma once

#include <array>
#include <chrono>
#include <random>

namespace load {

inline constexpr std::array patience_spikes{std::chrono::seconds(21), std::chrono::seconds(30),
                                            std::chrono::seconds(100)};

/// Draws one of the spikes, multiplied by `factor`: a bench may not have the time to wait as long as a bot.
inline std::chrono::nanoseconds draw_patience(std::mt19937_64& random, double factor) {
    const std::chrono::duration<double> spike = patience_spikes[random() % patience_spikes.size()];
    return std::chrono::duration_cast<std::chrono::nanoseconds>(spike * factor);
}

}  // namespace load
