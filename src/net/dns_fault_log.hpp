// libunbound's log, read instead of written: the one way to learn why it could not answer.
//
// It has one log for all its contexts in a process, so there is one of these.
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
    /// That of this process; for its whole life.
    static DnsFaultLog& of_process();

    /// What libunbound is to write to, from its own thread; null when there is none.
    std::FILE* stream() const { return stream_.get(); }
    /// Of a question that libunbound has answered with SERVFAIL.
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
    std::string line_;  // what has come of it so far
    RecentDnsFaults faults_;
    std::unique_ptr<std::FILE, Close> stream_;
};

}  // namespace sluice::net
