// Log lines about Sluice itself: workers that start and die, MTAs that fail and come back.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string_view>
#include <variant>

#include "base/log_line.hpp"

namespace sluice::app {

struct LogField {
    std::string_view key;
    std::variant<std::string_view, std::int64_t, bool> value;
};

class EventLog {
  public:
    using Write = std::function<void(std::string_view line)>;

    EventLog(LogFormat format, Write write) : format_(format), write_(std::move(write)) {}

    /// Writes one line at once.
    void event(std::string_view name, std::initializer_list<LogField> fields) const;

  private:
    LogFormat format_;
    Write write_;
};

}  // namespace sluice::app
