// The results of a run: units done, failures by reason, latencies; and the JSON that reports them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "load/histogram.hpp"

namespace load {

struct Tally {
    std::uint64_t units = 0;        // completed with the expected reply
    std::uint64_t late = 0;         // of these, after the end of a timed run
    std::uint64_t left = 0;         // connections that an impatient client gave up
    std::uint64_t connections = 0;  // opened
    std::uint64_t octets_read = 0;
    std::uint64_t replies = 0;
    Histogram latency;
    std::map<std::string, std::uint64_t, std::less<>> failures;

    std::string first_failure;  // with the server's words, for a person to read

    void fail(std::string_view reason, std::string_view said = {});
    std::uint64_t failed() const;

    /// The results as the members of a JSON object.
    std::string json() const;
};

}  // namespace load
