// `sluice state dump` and `load`: write and read all records as lines of JSON, for a backup or to move them
// from one kind of store to the other.
#include <cstdio>
#include <fmt/format.h>
#include <iostream>
#include <string>

#include "app/cli/store_commands.hpp"
#include "app/inspect/state_line.hpp"
#include "app/inspect/store_session.hpp"
#include "app/process/exit_codes.hpp"
#include "app/process/start_error.hpp"
#include "app/worker/acts.hpp"
#include "store/keys.hpp"

namespace sluice::app {

namespace {

/// Reads lines and performs their operations, many at once.
class Loading {
  public:
    explicit Loading(StoreSession& session) : session_(session) {}

    void take(std::string_view line) {
        ++line_;
        if (line.empty()) return;
        auto operation = read_state_line(line);
        if (!operation) {
            perform();
            throw StartError(fmt::format("line {}: {}; {} records were loaded before it", line_,
                                         operation.error(), loaded_));
        }
        operations_.push_back(*std::move(operation));
        if (operations_.size() == store::operations_max) perform();
    }
    std::size_t finish() {
        perform();
        return loaded_;
    }

  private:
    void perform() {
        try {
            session_.ask(operations_);
        } catch (const StartError& error) {
            throw StartError(fmt::format("{}; {} records were loaded before", error.what(), loaded_));
        }
        loaded_ += operations_.size();
        operations_.clear();
    }

    StoreSession& session_;
    store::Operations operations_;
    std::size_t line_ = 0;
    std::size_t loaded_ = 0;
};

}  // namespace

int dump_state(const RunFlags& flags) {
    const auto config = memory_config(flags);
    if (!config) return exit_usage;
    StoreSession session(*config, "");
    bool written = true;
    session.list("", [&](const store::Outcome& record) {
        // Such a record exists in Redis: it marks an act that was forgotten.
        if (record.key.starts_with(store::act_space) && !read_act(record)) return true;
        const std::string line = state_line(record) + '\n';
        written = std::fwrite(line.data(), 1, line.size(), stdout) == line.size();
        return written;
    });
    // An incomplete dump must not look like a complete one.
    if (!written || std::fflush(stdout) != 0) throw StartError("standard output cannot be written");
    return exit_ok;
}

int load_state(const RunFlags& flags) {
    const auto config = memory_config(flags);
    if (!config) return exit_usage;
    StoreSession session(*config, "state load");
    Loading loading(session);
    std::string line;
    while (std::getline(std::cin, line))
        loading.take(line);
    fmt::print("{} records are loaded\n", loading.finish());
    return exit_ok;
}

}  // namespace sluice::app
