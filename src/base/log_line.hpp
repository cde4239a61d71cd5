// One log line, built once and rendered as JSON (one object a line, RFC 8259) or for people ("key=value …").
//
// A builder and no more: where lines go is net/log_writer.hpp. Values are escaped (base/shown_text.hpp); what
// a peer sent can neither end the line, nor forge a field, nor be obeyed by a terminal that shows it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice {

enum class LogFormat : std::uint8_t { json, pretty };

/// Appends to `out`. Fields come out in the order they are added; groups nest. The line is ended by finish().
class LogLine {
  public:
    /// Starts a line with its time (UTC, ISO 8601, milliseconds), and event name ("session", "transaction",
    /// "mta_down").
    LogLine(LogFormat format, std::string& out, std::chrono::system_clock::time_point time,
            std::string_view event);

    LogLine& text(std::string_view key, std::string_view value);
    LogLine& number(std::string_view key, std::int64_t value);
    LogLine& real(std::string_view key, double value);  // at most three decimals
    LogLine& boolean(std::string_view key, bool value);

    /// A nested object or list; elements of a list are added with an empty key.
    LogLine& open_object(std::string_view key);
    LogLine& open_list(std::string_view key);
    LogLine& close();

    /// Closes what is open and ends the line with '\n'.
    void finish();

  private:
    void put_key(std::string_view key);

    LogFormat format_;
    std::string& out_;
    std::uint64_t lists_ = 0;  // one bit a nesting level, set where it is a list; at most 63 levels
    unsigned depth_ = 0;
    bool first_ = true;
};

}  // namespace sluice
