// Passes log lines to the checker.
#include "net/log_writer.hpp"
#include "sim/kernel.hpp"

namespace sluice::net {

class LogWriter::Impl {};

LogWriter::LogWriter(int /*fd*/, LogFormat /*format*/, Metrics& /*metrics*/) {}
LogWriter::~LogWriter() = default;

void LogWriter::write(std::string_view line) {
    if (const auto& reader = sim::Kernel::current().log_reader) reader(line);
}

std::uint64_t LogWriter::dropped() const {
    return 0;
}

}  // namespace sluice::net
