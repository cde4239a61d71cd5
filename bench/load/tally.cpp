#include "load/tally.hpp"

#include <fmt/format.h>
#include <iterator>

namespace load {
namespace {

void append_string(std::string& out, std::string_view text) {
    out += '"';
    for (const char octet : text) {
        const auto value = static_cast<unsigned char>(octet);
        if (octet == '"' || octet == '\\') {
            out += '\\';
            out += octet;
        } else if (value < 0x20 || value > 0x7e) {
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", value);
        } else {
            out += octet;
        }
    }
    out += '"';
}

double microseconds(std::chrono::nanoseconds value) {
    return static_cast<double>(value.count()) / 1e3;
}

}  // namespace

void Tally::fail(std::string_view reason, std::string_view said) {
    if (failures.empty()) first_failure.assign(reason).append(": ").append(said.substr(0, 200));
    const auto found = failures.find(reason);
    if (found != failures.end()) {
        ++found->second;
    } else {
        failures.emplace(reason, 1);
    }
}

std::uint64_t Tally::failed() const {
    std::uint64_t sum = 0;
    for (const auto& [reason, count] : failures)
        sum += count;
    return sum;
}

std::string Tally::json() const {
    std::string out;
    fmt::format_to(std::back_inserter(out),
                   R"("units":{},"late":{},"failed":{},"left":{},"connections":{},"replies":{},)"
                   R"("octets_read":{},"p50_us":{:.1f},"p90_us":{:.1f},"p99_us":{:.1f},"p999_us":{:.1f},)"
                   R"("max_us":{:.1f},"failures":{{)",
                   units, late, failed(), left, connections, replies, octets_read,
                   microseconds(latency.percentile(0.5)), microseconds(latency.percentile(0.9)),
                   microseconds(latency.percentile(0.99)), microseconds(latency.percentile(0.999)),
                   microseconds(latency.percentile(1)));
    bool first = true;
    for (const auto& [reason, count] : failures) {
        if (!first) out += ',';
        first = false;
        append_string(out, reason);
        fmt::format_to(std::back_inserter(out), ":{}", count);
    }
    out += '}';
    if (!first_failure.empty()) {
        out += R"(,"first_failure":)";
        append_string(out, first_failure);
    }
    return out;
}

}  // namespace load
