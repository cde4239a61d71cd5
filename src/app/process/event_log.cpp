#include "app/process/event_log.hpp"

#include <chrono>
#include <string>

namespace sluice::app {

void EventLog::event(std::string_view name, std::initializer_list<LogField> fields) const {
    std::string text;
    LogLine line(format_, text, std::chrono::system_clock::now(), name);
    for (const LogField& field : fields) {
        if (const auto* words = std::get_if<std::string_view>(&field.value))
            line.text(field.key, *words);
        else if (const auto* number = std::get_if<std::int64_t>(&field.value))
            line.number(field.key, *number);
        else
            line.boolean(field.key, std::get<bool>(field.value));
    }
    line.finish();
    write_(text);
}

}  // namespace sluice::app
