// sluice-sim: a seeded simulation of the whole system. See docs/testing.md.
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <fmt/format.h>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <thread>

#include "sim/soak.hpp"

namespace {

constexpr std::string_view usage =
    "usage: sluice-sim --seed N [--trace]                 one seed; --trace tells everything that happened\n"
    "       sluice-sim [--from N] [--count N] [--seconds N] [--jobs N]\n"
    "                                                     seeds from N on (default: a random one), on all "
    "cores\n";

struct Arguments {
    std::optional<std::uint64_t> seed;
    std::optional<std::uint64_t> from;
    std::uint64_t count = UINT64_MAX;
    std::int64_t seconds = 60;
    unsigned jobs = std::max(1U, std::thread::hardware_concurrency());
    bool trace = false;
};

template <typename Number>
bool read(std::string_view text, Number& into) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
    return error == std::errc{} && end == text.data() + text.size();
}

std::optional<Arguments> parse(int count, char** words) {
    Arguments arguments;
    for (int i = 1; i < count; ++i) {
        const std::string_view word = words[i];
        if (word == "--trace") {
            arguments.trace = true;
            continue;
        }
        if (++i == count) return std::nullopt;
        const std::string_view value = words[i];
        std::uint64_t number = 0;
        if (!read(value, number)) return std::nullopt;
        if (word == "--seed") {
            arguments.seed = number;
        } else if (word == "--from") {
            arguments.from = number;
        } else if (word == "--count") {
            arguments.count = number;
        } else if (word == "--seconds") {
            arguments.seconds = static_cast<std::int64_t>(number);
        } else if (word == "--jobs" && number > 0) {
            arguments.jobs = static_cast<unsigned>(number);
        } else {
            return std::nullopt;
        }
    }
    return arguments;
}

}  // namespace

int main(int count, char** words) {
    const auto arguments = parse(count, words);
    if (!arguments) {
        fmt::print(stderr, "{}", usage);
        return 2;
    }
    if (arguments->seed) return sluice::sim::replay(words[0], *arguments->seed, arguments->trace) ? 0 : 1;
    std::random_device device;
    sluice::sim::SoakOptions options;
    options.program = words[0];
    options.first_seed = arguments->from ? *arguments->from : (std::uint64_t{device()} << 16U);
    options.seeds_max = arguments->count;
    options.seconds = arguments->seconds;
    options.jobs = arguments->jobs;
    return sluice::sim::soak(options) ? 0 : 1;
}
