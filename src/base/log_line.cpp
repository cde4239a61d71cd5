#include "base/log_line.hpp"

#include <array>
#include <cassert>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <iterator>

#include "base/ascii.hpp"
#include "base/shown_text.hpp"

namespace sluice {

namespace {

constexpr unsigned depth_max = 63;

void append_padded(std::string& out, unsigned value, unsigned width) {
    std::array<char, 10> digits{};
    for (unsigned i = width; i-- > 0; value /= 10)
        digits[i] = static_cast<char>('0' + value % 10);
    out.append(digits.data(), width);
}

// Plain arithmetic: it is as cheap as a cache of the last second, and needs no state.
void append_time(std::string& out, std::chrono::system_clock::time_point time) {
    using namespace std::chrono;
    const auto day = floor<days>(time);
    const year_month_day date{day};
    const hh_mm_ss clock{floor<milliseconds>(time - day)};
    append_padded(out, static_cast<unsigned>(static_cast<int>(date.year())), 4);
    out += '-';
    append_padded(out, static_cast<unsigned>(date.month()), 2);
    out += '-';
    append_padded(out, static_cast<unsigned>(date.day()), 2);
    out += 'T';
    append_padded(out, static_cast<unsigned>(clock.hours().count()), 2);
    out += ':';
    append_padded(out, static_cast<unsigned>(clock.minutes().count()), 2);
    out += ':';
    append_padded(out, static_cast<unsigned>(clock.seconds().count()), 2);
    out += '.';
    append_padded(out, static_cast<unsigned>(clock.subseconds().count()), 3);
    out += 'Z';
}

/// Whether a value can stand after "key=" without quotes and still be parsed.
bool stands_bare(std::string_view text) {
    if (text.empty()) return false;
    for (const char c : text) {
        if (!ascii::is_graphic(c) || std::string_view("\"\\={}[]").contains(c)) return false;
    }
    return true;
}

}  // namespace

LogLine::LogLine(LogFormat format, std::string& out, std::chrono::system_clock::time_point time,
                 std::string_view event)
    : format_(format), out_(out) {
    if (format_ == LogFormat::json) {
        out_ += R"({"time":")";
        append_time(out_, time);
        out_ += '"';
        first_ = false;
        text("event", event);
        return;
    }
    append_time(out_, time);
    out_ += ' ';
    out_ += event;
    first_ = false;
}

void LogLine::put_key(std::string_view key) {
    if (!first_) out_ += format_ == LogFormat::json ? ',' : ' ';
    first_ = false;
    if ((lists_ >> depth_ & 1U) != 0) return;
    if (format_ == LogFormat::json) {
        out_ += '"';
        out_ += key;
        out_ += R"(":)";
    } else {
        out_ += key;
        out_ += '=';
    }
}

LogLine& LogLine::text(std::string_view key, std::string_view value) {
    put_key(key);
    if (format_ == LogFormat::pretty && stands_bare(value)) {
        out_ += value;
    } else {
        append_json_string(out_, value);
    }
    return *this;
}

LogLine& LogLine::number(std::string_view key, std::int64_t value) {
    put_key(key);
    std::array<char, 24> digits{};
    const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    assert(error == std::errc{});
    out_.append(digits.data(), end);
    return *this;
}

LogLine& LogLine::real(std::string_view key, double value) {
    constexpr double thousandths_max = 9e15;  // a double beyond this has no thousandths
    put_key(key);
    if (!std::isfinite(value)) {
        out_ += "null";
    } else if (std::abs(value) * 1000 > thousandths_max) {
        fmt::format_to(std::back_inserter(out_), "{}", value);
    } else {
        const double rounded = std::round(value * 1000) / 1000;
        fmt::format_to(std::back_inserter(out_), "{:.3f}", rounded == 0 ? 0.0 : rounded);
        while (out_.back() == '0')
            out_.pop_back();
        if (out_.back() == '.') out_.pop_back();
    }
    return *this;
}

LogLine& LogLine::boolean(std::string_view key, bool value) {
    put_key(key);
    out_ += value ? "true" : "false";
    return *this;
}

LogLine& LogLine::open_object(std::string_view key) {
    put_key(key);
    assert(depth_ < depth_max);
    ++depth_;
    lists_ &= ~(std::uint64_t{1} << depth_);
    out_ += '{';
    first_ = true;
    return *this;
}

LogLine& LogLine::open_list(std::string_view key) {
    put_key(key);
    assert(depth_ < depth_max);
    ++depth_;
    lists_ |= std::uint64_t{1} << depth_;
    out_ += '[';
    first_ = true;
    return *this;
}

LogLine& LogLine::close() {
    assert(depth_ > 0);
    out_ += (lists_ >> depth_ & 1U) != 0 ? ']' : '}';
    --depth_;
    first_ = false;
    return *this;
}

void LogLine::finish() {
    while (depth_ > 0)
        close();
    out_ += format_ == LogFormat::json ? "}\n" : "\n";
}

}  // namespace sluice
