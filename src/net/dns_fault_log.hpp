// libunbound's log, which is read here instead of written: no other way tells why libunbound could not
// answer.
//
// It has one log for all its contexts in a process, so there is one object of this class.
#pragma once

#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "net/dns_fault.hpp"

namespace sluice::net {

class DnsFaultLog {
  public:
    /// The log of this process; it exists until the process ends.
    static DnsFaultLog& of_process();

    /// The stream that libunbound writes to, from its own thread; null when there is none.
    std::FILE* stream() const { return stream_.get(); }
    /// The reason why libunbound has answered this question with SERVFAIL.
    DnsAnswer::Status why(std::string_view name, DnsType type);

    DnsFaultLog(const DnsFaultLog&) = delete;
    DnsFaultLog& operator=(const DnsFaultLog&) = delete;

  private:
    DnsFaultLog();
    void take(std::string_view text);

    struct Close {
        void operator()(std::FILE* stream) const { (void)std::fclose(stream); }
    };

    std::mutex mutex_;
    std::string line_;  // the part of the current line received so far
    RecentDnsFaults faults_;
    std::unique_ptr<std::FILE, Close> stream_;
};

}  // namespace sluice::net
