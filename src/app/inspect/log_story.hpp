// Tells the log's lines about one subject in sentences. Pure, and bounded in memory: each line is told and
// forgotten, and only a limited number of messages that await their next attempt is remembered.
//
// Every text from the log is shown as base/shown_text.hpp does: strangers have written much of it.
#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "app/inspect/log_query.hpp"

namespace sluice::app {

class LogStory {
  public:
    static constexpr std::size_t waiting_max = 10'000;

    /// `since` is a time as the log writes it, or a prefix of one; empty = the whole log. `tell` gets whole
    /// lines.
    LogStory(LogQuery query, std::string since, std::function<void(std::string_view)> tell);

    /// Takes the next line of the log, in the order of time, without its newline.
    void take(std::string_view line);
    /// Tells the summary.
    void finish();

    /// The number of transactions and sessions told.
    std::size_t told() const { return transactions_ + sessions_; }
    /// The number of lines that `log.format = "json"` does not write.
    std::size_t unreadable() const { return unreadable_; }

  private:
    struct Waiting {
        std::string since;  // the time of the first attempt
        unsigned attempts = 0;
    };

    void take_object(const boost::json::object& line);
    void tell_transaction(const boost::json::object& line);
    void tell_session(const boost::json::object& line);
    void tell_recipients(const boost::json::object& line);
    void tell_refused(const boost::json::object& refused);
    void tell_waited(const boost::json::object& line, std::string_view recipient);
    void note_delivered(const boost::json::object& line);
    void note_waiting(const boost::json::object& line, std::string_view recipient);
    void tell_head(const boost::json::object& line);
    void tell_missing(const boost::json::object& line);

    LogQuery query_;
    std::string since_;
    std::function<void(std::string_view)> tell_;
    std::map<std::string, Waiting> waiting_;  // by sender and recipient; bounces by origin, too
    std::size_t transactions_ = 0;
    std::size_t sessions_ = 0;
    std::size_t delivered_ = 0;
    std::size_t unreadable_ = 0;
};

}  // namespace sluice::app
