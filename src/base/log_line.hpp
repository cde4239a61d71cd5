// One log line, built once and rendered as JSON (one object per line, RFC 8259) or for people ("key=value
// …").
//
// The class only builds lines; net/log_writer.hpp writes them. Values are escaped (base/shown_text.hpp), so
// that the text of a peer can neither end the line, nor forge a field, nor control a terminal that shows it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice {

enum class LogFormat : std::uint8_t { json, pretty };

/// Appends to `out`. Fields appear in the order in which they are added; groups nest. finish() ends the line.
class LogLine {
  public:
    /// Starts a line with its time (UTC, ISO 8601, milliseconds) and its event ("session", "transaction",
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

    /// Closes all open groups and ends the line with '\n'.
    void finish();

  private:
    void put_key(std::string_view key);

    LogFormat format_;
    std::string& out_;
    std::uint64_t lists_ = 0;  // one bit per nesting level, set for a list; at most 63 levels
    unsigned depth_ = 0;
    bool first_ = true;
};

}  // namespace sluice
