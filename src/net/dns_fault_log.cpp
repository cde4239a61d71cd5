#include "net/dns_fault_log.hpp"

#include <sys/types.h>

namespace sluice::net {

namespace {

/// A line that grows beyond this without an end is dropped.
constexpr std::size_t line_octets_max = 4096;

}  // namespace

DnsFaultLog& DnsFaultLog::of_process() {
    // Never destroyed: libunbound's threads may write to it until the process ends.
    static auto* const log = new DnsFaultLog;
    return *log;
}

DnsFaultLog::DnsFaultLog() {
    cookie_io_functions_t functions{};
    functions.write = [](void* self, const char* octets, std::size_t size) {
        static_cast<DnsFaultLog*>(self)->take({octets, size});
        return static_cast<ssize_t>(size);
    };
    stream_.reset(::fopencookie(this, "w", functions));
    // Line-buffered: the answer follows right behind the line.
    if (stream_) (void)std::setvbuf(stream_.get(), nullptr, _IOLBF, BUFSIZ);
}

void DnsFaultLog::take(std::string_view text) {
    const std::lock_guard lock(mutex_);
    for (;;) {
        const auto end = text.find('\n');
        line_ += text.substr(0, end);
        if (line_.size() > line_octets_max) line_.clear();
        if (end == std::string_view::npos) return;
        if (const auto fault = read_dns_fault(line_)) faults_.note(*fault);
        line_.clear();
        text.remove_prefix(end + 1);
    }
}

DnsAnswer::Status DnsFaultLog::why(std::string_view name, DnsType type) {
    const std::lock_guard lock(mutex_);
    return faults_.of(dns_question(name, type));
}

}  // namespace sluice::net
